import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { MainModule } from 'libheif-js/libheif-wasm/libheif.js';
import type { Plane, YcbcrCoding } from './ycbcr.ts';

/** The one door to libheif: its C interface in WebAssembly, which runs on the thread that asks and cannot be stopped. */

/** The primary picture, cropped and turned, as it is coded. */
export interface HeifPlanes {
  /** One: luma. Three: luma, Cb and Cr; or, where `coding` is null, red, green and blue. */
  readonly colour: readonly Plane[];
  readonly alpha: Plane | null;
  readonly coding: YcbcrCoding | null;
}

/** What libheif says of a file that it does not decode; 6 is a lack of memory, 4 something that it does not know. */
export class HeifFailure extends Error {
  override readonly name = 'HeifFailure';
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Decodes a file's primary picture. The planes are views of memory that nothing else changes.
 * @throws HeifFailure; whatever WebAssembly throws when it gives up, for instance for lack of memory.
 */
export function decodePrimary(file: Uint8Array): HeifPlanes {
  const module = loadModule();
  const call = openCalls(module);
  const context = module._heif_context_alloc();
  const bytes = module._malloc(file.length);
  if (bytes === 0) throw new HeifFailure(OUT_OF_MEMORY, 'Expected memory for the file.');
  module.HEAPU8.set(file, bytes);
  call.run((error) => module._heif_context_read_from_memory_without_copy(error, context, bytes, file.length, 0));
  const handle = call.take((error, to) => module._heif_context_get_primary_image_handle(error, context, to));
  const image = call.take((error, to) => module._heif_decode_image(error, handle, to, UNDEFINED, UNDEFINED, 0));
  const plane = (channel: number) => planeOf(module, image, channel, call.scratch);
  const alpha = plane(CHANNEL.alpha);
  switch (module._heif_image_get_colorspace(image)) {
    case COLORSPACE.monochrome:
      return { colour: present([plane(CHANNEL.y)]), alpha, coding: codingOf(module, image, call) };
    case COLORSPACE.ycbcr: {
      const { y, cb, cr } = CHANNEL;
      return { colour: present([y, cb, cr].map(plane)), alpha, coding: codingOf(module, image, call) };
    }
    case COLORSPACE.rgb: {
      const { red, green, blue } = CHANNEL;
      return { colour: present([red, green, blue].map(plane)), alpha, coding: null };
    }
    default:
      throw new HeifFailure(UNSUPPORTED, 'Expected gray, YCbCr or RGB.');
  }
}

export const OUT_OF_MEMORY = 6;
export const UNSUPPORTED = 4;
/** heif_colorspace_undefined and heif_chroma_undefined: as it is coded. */
const UNDEFINED = 99;
const COLORSPACE = { ycbcr: 0, rgb: 1, monochrome: 2 } as const;
const CHANNEL = { y: 0, cb: 1, cr: 2, red: 3, green: 4, blue: 5, alpha: 6 } as const;

/** Not the package's own entry, which looks for its file in the folder of whoever runs it. */
function loadModule(): MainModule {
  const require = createRequire(import.meta.url);
  const load = require('libheif-js/libheif-wasm/libheif.js') as (options: object) => MainModule;
  const wasmBinary = readFileSync(require.resolve('libheif-js/libheif-wasm/libheif.wasm'));
  const silent = () => undefined;
  return load({ wasmBinary, print: silent, printErr: silent });
}

/** C functions return a heif_error by a pointer in front of their own arguments: code, subcode and text, 4 bytes each. */
function openCalls(module: MainModule) {
  const error = module._malloc(ERROR_BYTES + 4);
  const scratch = error + ERROR_BYTES;
  const word = (address: number): number => module.HEAPU32[address >> 2];
  const run = (f: (error: number) => void): void => {
    f(error);
    if (word(error) !== 0) throw new HeifFailure(word(error), textAt(module, word(error + 8)));
  };
  const take = (f: (error: number, to: number) => void): number => {
    run((at) => f(at, scratch));
    return word(scratch);
  };
  return { run, take, scratch };
}

const ERROR_BYTES = 12;

function textAt(module: MainModule, address: number): string {
  const bytes: Uint8Array = module.HEAPU8;
  return Buffer.from(bytes.subarray(address, bytes.indexOf(0, address))).toString();
}

function planeOf(module: MainModule, image: number, channel: number, scratch: number): Plane | null {
  const data = module._heif_image_get_plane_readonly2(image, channel, scratch);
  if (data === 0) return null;
  const strideBytes: number = module.HEAPU32[scratch >> 2];
  const [width, height] = [module._heif_image_get_width(image, channel), module._heif_image_get_height(image, channel)];
  const bits = module._heif_image_get_bits_per_pixel_range(image, channel);
  const memory: ArrayBuffer = module.HEAPU8.buffer;
  const samples =
    bits <= 8
      ? new Uint8Array(memory, data, strideBytes * height)
      : new Uint16Array(memory, data, (strideBytes >> 1) * height);
  return { width, height, bits, stride: bits <= 8 ? strideBytes : strideBytes >> 1, samples };
}

function present(planes: readonly (Plane | null)[]): Plane[] {
  return planes.map((plane) => {
    if (plane === null) throw new HeifFailure(UNSUPPORTED, 'Expected all planes of the picture.');
    return plane;
  });
}

/** Of the item's description, else of the coded picture; neither: HEIF's default (ISO/IEC 23000-22, 7.3.6.4). */
function codingOf(module: MainModule, image: number, call: ReturnType<typeof openCalls>): YcbcrCoding {
  try {
    const profile = call.take((error, to) => module._heif_image_get_nclx_color_profile(error, image, to));
    // heif_color_profile_nclx: a version, primaries, transfer, matrix (4 bytes each), and a byte for the range.
    return { matrix: module.HEAPU32[(profile + 12) >> 2], fullRange: module.HEAPU8[profile + 16] !== 0 };
  } catch (error) {
    if (error instanceof HeifFailure && error.code === NO_PROFILE) return { matrix: 6, fullRange: true };
    throw error;
  }
}

const NO_PROFILE = 10;
