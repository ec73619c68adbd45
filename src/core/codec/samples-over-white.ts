import { type Raster, samplesOf } from '../raster.ts';

/** Takes away the white that colours were laid over by their alpha, in place, as Photoshop lays the picture of all layers. */
export function takeOffWhite(colour: Raster, alpha: Raster): void {
  const [samples, opacity] = [samplesOf(colour), samplesOf(alpha)];
  const white = colour.bytesPerSample === 1 ? 255 : 65_535;
  for (let pixel = 0, at = 0; pixel < opacity.length; pixel++) {
    const own = opacity[pixel]!;
    for (const end = at + colour.channels; at < end; at++) {
      if (own === 0 || own === white) continue;
      samples[at] = Math.max(0, Math.round(white - ((white - samples[at]!) * white) / own));
    }
  }
}
