import type { Rect, Size } from '../../pixels/geometry.ts';

/**
 * Rows of a canvas on which a picture's rows lie: what of the picture is beyond it is cut off, and `ground`, the bytes
 * of a pixel, lies around it.
 * @param canvas in the picture's pixels @param rows one row each
 */
export async function* placeRows(
  rows: AsyncIterable<Uint8Array>,
  picture: Size,
  canvas: Rect,
  ground: Uint8Array,
): AsyncIterable<Uint8Array<ArrayBuffer>> {
  const empty = () => new Uint8Array(canvas.width * ground.length).map((_, at) => ground[at % ground.length]!);
  for (let row = canvas.y; row < 0; row++) yield empty();
  const [left, right] = [Math.max(0, canvas.x), Math.min(picture.width, canvas.x + canvas.width)];
  let at = 0;
  for await (const row of rows) {
    if (at >= canvas.y && at < canvas.y + canvas.height) {
      const placed = empty();
      placed.set(row.subarray(left * ground.length, right * ground.length), (left - canvas.x) * ground.length);
      yield placed;
    }
    at++;
  }
  for (let row = picture.height; row < canvas.y + canvas.height; row++) yield empty();
}
