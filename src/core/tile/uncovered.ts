import type { Rect, Size } from '../pixels/geometry.ts';

/** The rest of a picture beside some rectangles, as rectangles that do not overlap; as wide as they can be. */
export function uncovered(size: Size, covered: readonly Rect[]): Rect[] {
  const edges = new Set([0, size.height]);
  for (const { y, height } of covered) edges.add(y).add(y + height);
  const rows = [...edges].filter((y) => y <= size.height).sort((a, b) => a - b);
  return rows.slice(1).flatMap((end, index) => {
    const y = rows[index]!;
    const across = covered.filter((rect) => rect.y <= y && rect.y + rect.height >= end).sort((a, b) => a.x - b.x);
    const gaps: Rect[] = [];
    let x = 0;
    for (const rect of across) {
      if (rect.x > x) gaps.push({ x, y, width: rect.x - x, height: end - y });
      x = Math.max(x, rect.x + rect.width);
    }
    if (x < size.width) gaps.push({ x, y, width: size.width - x, height: end - y });
    return gaps;
  });
}
