/** A block of rows of the view, and how soon it is given up when the terminal is low. */
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
