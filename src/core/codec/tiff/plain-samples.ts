import { samplesOf } from '../../pixels/raster.ts';

/** Interleaved samples that a file shall have instead of its own. */
export interface PlainSamples {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly bands: number;
  readonly bytesPerSample: 1 | 2;
}

export function makeSamples(count: number, bytesPerSample: 1 | 2) {
  const data = new Uint8Array(count * bytesPerSample);
  return {
    data,
    samples: samplesOf({ data, bytesPerSample }),
    bytesPerSample,
    top: bytesPerSample === 1 ? 255 : 65_535,
  };
}
