/** The name that a mistyped word most likely means; null: none is near (a third of its letters, at least one). */
export function nearestOf(word: string, names: readonly string[]): string | null {
  const allowed = Math.max(1, Math.floor(word.length / 3));
  const near = names
    .map((name) => ({ name, distance: distanceBetween(word.toLowerCase(), name) }))
    .filter(({ distance }) => distance <= allowed)
    .toSorted((a, b) => a.distance - b.distance);
  return near[0]?.name ?? null;
}

/** The known ids that look most like a mistyped one, best first; at most three. */
export function nearestIds(wanted: string, known: readonly string[]): string[] {
  const allowed = Math.max(2, Math.floor(wanted.length / 3));
  return known
    .map((id) => ({
      id,
      distance: id.toLowerCase().includes(wanted.toLowerCase())
        ? 0
        : distanceBetween(wanted.toLowerCase(), id.toLowerCase()),
    }))
    .filter(({ distance }) => distance <= allowed)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ id }) => id);
}

/** Insertions, deletions, exchanges and swaps of neighbours. @see Damerau 1964 (optimal string alignment) */
function distanceBetween(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i]);
  for (let j = 0; j <= b.length; j++) rows[0]![j] = j;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      const row = rows[i]!;
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwap ? rows[i - 2]![j - 2]! + 1 : Number.POSITIVE_INFINITY;
      row[j] = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + cost, swapped);
    }
  }
  return rows[a.length]![b.length]!;
}
