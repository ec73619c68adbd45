import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { MainModule } from 'libheif-js/libheif-wasm/libheif.js';
import type { SamplePlane, YcbcrCoding } from './ycbcr.ts';

/**
 * The one door to libheif-js, of which only its HEVC decoder is used: its libheif switches the decoder's deblocking and
 * sample adaptive offset off, and converts colours by its own rules.
 */

export interface HevcPicture {
  /** Luma alone, or luma, Cb and Cr. */
  readonly planes: readonly SamplePlane[];
  /** As the coded picture has it, null if it has not. */
  readonly coding: YcbcrCoding | null;
}

export interface HevcDecoder {
  /** @returns null for data that are not one whole, faultless picture. */
  decode(units: readonly Uint8Array[]): HevcPicture | null;
}

/** Runs on the thread that asks and cannot be stopped. Throws what WebAssembly throws when it gives up. */
export function loadHevcDecoder(): HevcDecoder {
  const module = loadModule();
  const scratch = module._malloc(4);
  return {
    decode: (units) => {
      const decoder = module._de265_new_decoder();
      try {
        module._de265_set_parameter_bool(decoder, SUPPRESS_FAULTY_PICTURES, 1);
        for (const unit of units) if (!push(module, decoder, unit)) return null;
        const image = nextPicture(module, decoder, scratch);
        return image === 0 ? null : takePicture(module, image, scratch);
      } finally {
        module._de265_free_decoder(decoder);
      }
    },
  };
}

/** de265_param in de265.h. */
const SUPPRESS_FAULTY_PICTURES = 6;

/** Not by the package's own entry, which looks for its file in the folder of whoever runs it. */
function loadModule(): MainModule {
  const require = createRequire(import.meta.url);
  const load = require('libheif-js/libheif-wasm/libheif.js') as (options: object) => MainModule;
  const wasmBinary = readFileSync(require.resolve('libheif-js/libheif-wasm/libheif.wasm'));
  const silent = () => undefined;
  return load({ wasmBinary, print: silent, printErr: silent });
}

function push(module: MainModule, decoder: number, unit: Uint8Array): boolean {
  const address = module._malloc(unit.length);
  if (address === 0) throw new RangeError('Expected memory for coded data.');
  module.HEAPU8.set(unit, address);
  // The decoder keeps a copy. Two of the zeros are the halves of a time stamp of 64 bits.
  const status = module._de265_push_NAL(decoder, address, unit.length, 0, 0, 0);
  module._free(address);
  return isOk(status);
}

/** de265_error in de265.h. */
function isOk(status: number): boolean {
  if (status === OUT_OF_MEMORY) throw new RangeError('Expected memory for a picture.');
  return status === 0;
}

const OUT_OF_MEMORY = 7;

function nextPicture(module: MainModule, decoder: number, more: number): number {
  module._de265_flush_data(decoder);
  for (;;) {
    if (!isOk(module._de265_decode(decoder, more))) return 0;
    const image = module._de265_get_next_picture(decoder);
    if (image !== 0 || module.HEAPU32[more >> 2] === 0) return image;
  }
}

function takePicture(module: MainModule, image: number, scratch: number): HevcPicture {
  const planes = (module._de265_get_chroma_format(image) === 0 ? [0] : [0, 1, 2]).map((channel) =>
    takePlane(module, image, channel, scratch),
  );
  const [primaries, transfer, matrix] = [
    module._de265_get_image_colour_primaries(image),
    module._de265_get_image_transfer_characteristics(image),
    module._de265_get_image_matrix_coefficients(image),
  ];
  const fullRange = module._de265_get_image_full_range_flag(image) !== 0;
  const isSaid = fullRange || [primaries, transfer, matrix].some((code) => code !== UNSPECIFIED);
  return { planes, coding: isSaid ? { matrix, fullRange } : null };
}

const UNSPECIFIED = 2;

function takePlane(module: MainModule, image: number, channel: number, scratch: number): SamplePlane {
  const address = module._de265_get_image_plane(image, channel, scratch);
  const strideBytes: number = module.HEAPU32[scratch >> 2];
  const [width, height, bits] = [
    module._de265_get_image_width(image, channel),
    module._de265_get_image_height(image, channel),
    module._de265_get_bits_per_pixel(image, channel),
  ];
  const bytesPerSample = bits > 8 ? 2 : 1;
  const usedBytes = (height - 1) * strideBytes + width * bytesPerSample;
  const bytes: Uint8Array<ArrayBuffer> = module.HEAPU8.slice(address, address + usedBytes);
  const samples = bytesPerSample === 2 ? new Uint16Array(bytes.buffer) : bytes;
  return { width, height, bits, stride: strideBytes / bytesPerSample, samples };
}
