import { EMPTY_LINE, indent, type Line } from './line.ts';

/** What there is to tell of a task, in its order; each is some rows, or none. */
export type SectionName =
  | 'space'
  | 'heading'
  | 'model'
  | 'output'
  | 'stages'
  | 'bar'
  | 'error'
  | 'facts'
  | 'pipeline'
  | 'rates'
  | 'segments'
  | 'workers'
  | 'speed'
  | 'machine'
  | 'warnings'
  | 'help';

export type Sections = Readonly<Partial<Record<SectionName, readonly Line[]>>>;

/** The panel of a task, as many of its rows as fit; what matters least goes first. */
export function stackSections(sections: Sections, maxRows: number): readonly Line[] {
  const blocks = BLOCKS.map(([name, rank]) => ({ name, rank, rows: linesOf(sections, name).length }));
  return fitSections(blocks, maxRows).flatMap((name) => {
    const lines = linesOf(sections, name);
    return name === 'heading' ? lines : lines.map((row) => indent(row, MARGIN));
  });
}

/** To the left of all but the heading. */
export const MARGIN = 2;

/** A section, or the blank row above it. */
type BlockName = SectionName | `gap-${SectionName}`;

/** From above to below, with how soon each is given up (`Section.rank`). */
const BLOCKS: readonly (readonly [BlockName, number])[] = [
  ['space', 21],
  ['heading', 0],
  ['model', 6],
  ['output', 9],
  ['stages', 8],
  ['gap-bar', 14],
  ['bar', 0],
  ['gap-facts', 15],
  ['error', 1],
  ['facts', 2],
  ['gap-pipeline', 16],
  ['pipeline', 5],
  ['rates', 4],
  ['gap-segments', 17],
  ['segments', 3],
  ['gap-workers', 12],
  ['workers', 5],
  ['gap-speed', 18],
  ['speed', 7],
  ['gap-machine', 19],
  ['machine', 10],
  ['gap-warnings', 20],
  ['warnings', 5],
  ['gap-help', 13],
  ['help', 11],
];

function linesOf(sections: Sections, name: BlockName): readonly Line[] {
  if (!isGap(name)) return sections[name] ?? [];
  return (sections[name.slice('gap-'.length) as SectionName] ?? []).length > 0 ? [EMPTY_LINE] : [];
}

function isGap(name: BlockName): name is `gap-${SectionName}` {
  return name.startsWith('gap-');
}

/** A block of rows, and how soon it is given up when the terminal is low. */
export interface Section<Name extends string> {
  readonly name: Name;
  readonly rows: number;
  /** 0 is never given up; the highest goes first. */
  readonly rank: number;
}

/** The sections that fit in `maxRows`, in their order. */
export function fitSections<Name extends string>(sections: readonly Section<Name>[], maxRows: number): readonly Name[] {
  const kept = new Set(sections);
  const byRank = sections.toSorted((a, b) => b.rank - a.rank);
  let rows = sections.reduce((sum, section) => sum + section.rows, 0);
  for (const section of byRank) {
    if (rows <= maxRows || section.rank === 0) break;
    kept.delete(section);
    rows -= section.rows;
  }
  return sections.filter((section) => kept.has(section)).map((section) => section.name);
}
