import type { Rect, Size } from '../../pixels/geometry.ts';

/** Pixels of one page, interleaved, `pixelBytes` each. */
export interface PageBytes extends Size {
  readonly data: Uint8Array;
  readonly pixelBytes: number;
}

/** The smallest rectangle outside of which two pages of one size are equal; null: they are equal everywhere. */
export function changedRect(before: PageBytes, after: PageBytes): Rect | null {
  const { width, height, pixelBytes } = after;
  const rowBytes = width * pixelBytes;
  const [old, now] = [bufferOf(before.data), bufferOf(after.data)];
  const isSame = (row: number) =>
    old.compare(now, row * rowBytes, (row + 1) * rowBytes, row * rowBytes, (row + 1) * rowBytes) === 0;
  let top = 0;
  while (top < height && isSame(top)) top++;
  if (top === height) return null;
  let bottom = height;
  while (isSame(bottom - 1)) bottom--;
  let [first, last] = [rowBytes, -1];
  for (let row = top; row < bottom; row++) {
    const start = row * rowBytes;
    for (let at = 0; at < first; at++) if (old[start + at] !== now[start + at]) first = at;
    for (let at = rowBytes - 1; at > last; at--) if (old[start + at] !== now[start + at]) last = at;
  }
  const [left, right] = [Math.floor(first / pixelBytes), Math.floor(last / pixelBytes) + 1];
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** The smallest rectangle around two. */
export function unionRect(a: Rect, b: Rect): Rect {
  const [x, y] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
  const [right, bottom] = [Math.max(a.x + a.width, b.x + b.width), Math.max(a.y + a.height, b.y + b.height)];
  return { x, y, width: right - x, height: bottom - y };
}

/** A part of a page, tightly packed. */
export function cutRect({ data, width, pixelBytes }: PageBytes, rect: Rect): Uint8Array<ArrayBuffer> {
  const rowBytes = rect.width * pixelBytes;
  const part = new Uint8Array(rowBytes * rect.height);
  for (let row = 0; row < rect.height; row++) {
    const from = ((rect.y + row) * width + rect.x) * pixelBytes;
    part.set(data.subarray(from, from + rowBytes), row * rowBytes);
  }
  return part;
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
