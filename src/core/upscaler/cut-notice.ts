import { type Size, sizeText } from '../pixels/geometry.ts';
import { peakBytes, type WholeWindow } from '../tile/tile-size.ts';

/**
 * What is said of a picture that is cut although the network takes in all of it.
 * @param whole what one window takes, where it was measured
 */
export function cutNotice(
  id: string,
  size: Size,
  tiles: number,
  whole: WholeWindow | null,
  availableBytes: number,
): string {
  const cut = `${id} takes in the whole picture, and one of ${sizeText(size)} pixels is cut into ${tiles} tiles: colours and details may differ between them.`;
  const flag = `--tile ${Math.max(size.width, size.height)}`;
  if (whole === null) return `${cut} Where memory suffices, ${flag} leaves it whole.`;
  const bytes = peakBytes(whole, size.width * size.height);
  const [needed, free] = [bytes, availableBytes].map((count) => `${(count / 1e9).toFixed(1)} GB`);
  return bytes <= availableBytes
    ? `${cut} ${flag} leaves it whole and takes about ${needed}; ${free} are free.`
    : `${cut} Whole, it would take about ${needed}, and ${free} are free.`;
}
