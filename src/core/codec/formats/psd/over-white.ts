import { type Raster, samplesOf } from '../../../pixels/raster.ts';

/**
 * Takes away the white that colours were laid over by their alpha, in place. Photoshop lays the picture of all layers
 * so, ImageMagick and GIMP do not: colours darker than white would leave anywhere were not laid over it.
 */
export function takeOffWhite(colour: Raster, alpha: Raster): void {
  const [samples, opacity] = [samplesOf(colour), samplesOf(alpha)];
  const white = colour.bytesPerSample === 1 ? 255 : 65_535;
  const { channels } = colour;
  const isOverWhite = (sample: number, index: number) => sample + 1 >= white - opacity[Math.floor(index / channels)]!;
  if (!samples.every(isOverWhite)) return;
  for (let pixel = 0, at = 0; pixel < opacity.length; pixel++) {
    const own = opacity[pixel]!;
    for (const end = at + channels; at < end; at++) {
      if (own === 0 || own === white) continue;
      samples[at] = Math.max(0, Math.round(white - ((white - samples[at]!) * white) / own));
    }
  }
}
