import { divideByAlpha } from '../../core/codec/index.ts';
import { bleedColour } from '../../core/pixels/bleed-colour.ts';
import { makeRaster, type Raster, samplesOf } from '../../core/pixels/raster.ts';
import { type Frame, splitStacked } from './frame.ts';

/**
 * Makes stacked frames fit for the network, in their own buffers: alpha is divided out of colours that are multiplied
 * with it, and colours bleed under what is transparent. This comes before frames are held against each other: it
 * depends on the frame alone, so equal frames stay equal, and changes are found in what the network will see.
 */
export async function* bleedFrames(
  frames: AsyncIterable<Frame>,
  premultiplied: boolean,
): AsyncGenerator<Frame, void, undefined> {
  let opacity: Raster | null = null;
  for await (const frame of frames) {
    const [colour, alpha] = splitStacked(frame.raster);
    opacity ??= makeRaster(alpha.width, alpha.height, { ...alpha, channels: 1 });
    copyFirstChannel(alpha, opacity);
    if (premultiplied) divideByAlpha(colour, opacity);
    await bleedColour(colour, opacity);
    yield frame;
  }
}

/** Stacked alpha is gray in three channels. */
function copyFirstChannel(from: Raster, to: Raster): void {
  const [source, target] = [samplesOf(from), samplesOf(to)];
  for (let pixel = 0; pixel < target.length; pixel++) target[pixel] = source[pixel * from.channels]!;
}
