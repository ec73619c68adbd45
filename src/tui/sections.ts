/** A block of rows of the view, and how soon it is given up when the terminal is low. */
export interface Section {
  readonly name: SectionName;
  readonly rows: number;
  /** 0 is never given up; the highest goes first. */
  readonly rank: number;
}

export type SectionName =
  | 'gap-above-heading'
  | 'heading'
  | 'model'
  | 'output'
  | 'stages'
  | 'gap-above-bar'
  | 'bar'
  | 'gap-below-bar'
  | 'facts'
  | 'queues'
  | 'gap-above-help'
  | 'help';

/** The sections that fit in `maxRows`, in their order. */
export function fitSections(sections: readonly Section[], maxRows: number): readonly SectionName[] {
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
