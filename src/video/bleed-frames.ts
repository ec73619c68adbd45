import { bleedColour } from '../core/bleed-colour.ts';
import { makeRaster, type Raster } from '../core/raster.ts';
import { type Frame, splitStacked } from './frame.ts';

/**
 * Colours of stacked frames bleed under what is transparent, in the frames' own buffers. This comes before frames are held
 * against each other: what bleeds depends on the frame alone, so equal frames stay equal, and changes are found in what the
 * network will see.
 */
export async function* bleedFrames(frames: AsyncIterable<Frame>): AsyncGenerator<Frame, void, undefined> {
  let opacity: Raster | null = null;
  for await (const frame of frames) {
    const [colour, alpha] = splitStacked(frame.raster);
    opacity ??= makeRaster(alpha.width, alpha.height, { ...alpha, channels: 1 });
    copyFirstChannel(alpha, opacity);
    bleedColour(colour, opacity);
    yield frame;
  }
}

/** Stacked alpha is gray in three channels. */
function copyFirstChannel(from: Raster, to: Raster): void {
  const [source, target] = [samplesOf(from), samplesOf(to)];
  for (let pixel = 0; pixel < target.length; pixel++) target[pixel] = source[pixel * from.channels]!;
}

function samplesOf({ data, bytesPerSample }: Raster): Uint8Array | Uint16Array {
  return bytesPerSample === 1 ? data : new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
}
