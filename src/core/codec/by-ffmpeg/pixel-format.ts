/** How a frame of one of ffmpeg's pixel formats lies in memory, without padding. */
export type PixelFormat = PackedFormat | BitFormat | YuvFormat;

/** Samples of whole bytes, interleaved or in planes. */
export interface PackedFormat {
  readonly kind: 'samples';
  /** r, g, b, a, y (gray) and 0 (nothing), in the order of the memory. */
  readonly order: string;
  readonly planar: boolean;
  readonly bytes: 1 | 2 | 4;
  readonly float: boolean;
  readonly bigEndian: boolean;
  /** In use, at the lower end. */
  readonly bits: number;
}

/** Gray of one bit; rows begin with a byte. */
export interface BitFormat {
  readonly kind: 'bits';
  readonly oneIsWhite: boolean;
}

/** Luma and two planes of chroma, and perhaps alpha. */
export interface YuvFormat {
  readonly kind: 'yuv';
  readonly alpha: boolean;
  /** Chroma has one sample for so many of luma, as a power of 2. */
  readonly shiftX: 0 | 1 | 2;
  readonly shiftY: 0 | 1 | 2;
  readonly bits: number;
  readonly bigEndian: boolean;
  /** The name says it (yuvj420p). */
  readonly fullRange: boolean;
}

/** @param name as ffmpeg has it @returns null: none that upreel converts */
export function pixelFormatOf(name: string): PixelFormat | null {
  if (name === 'monow' || name === 'monob') return { kind: 'bits', oneIsWhite: name === 'monob' };
  return packedFormatOf(name) ?? yuvFormatOf(name);
}

function packedFormatOf(name: string): PackedFormat | null {
  const bigEndian = name.endsWith('be');
  const eight = EIGHT_BITS[name];
  if (eight !== undefined) return packed(eight, { bytes: 1, bits: 8, bigEndian });
  const [, stem, depth] = /^(gray|ya|rgb|bgr|rgba|bgra|gbrp|gbrap)(9|10|12|14|16|48|64|f32)(?:le|be)$/.exec(name) ?? [];
  const order = stem === undefined ? undefined : DEEP[stem];
  if (order === undefined || depth === undefined) return null;
  if (depth === 'f32') return { ...packed(order, { bytes: 4, bits: 32, bigEndian }), float: true };
  const bits = depth === '48' || depth === '64' ? 16 : Number(depth);
  return packed(order, { bytes: 2, bits, bigEndian });
}

/** Planes are named in capitals. */
const EIGHT_BITS: Readonly<Record<string, string>> = {
  gray: 'y',
  ya8: 'ya',
  gray8a: 'ya',
  rgb24: 'rgb',
  bgr24: 'bgr',
  rgba: 'rgba',
  bgra: 'bgra',
  argb: 'argb',
  abgr: 'abgr',
  rgb0: 'rgb0',
  bgr0: 'bgr0',
  '0rgb': '0rgb',
  '0bgr': '0bgr',
  gbrp: 'GBR',
  gbrap: 'GBRA',
};

const DEEP: Readonly<Record<string, string>> = {
  gray: 'y',
  ya: 'ya',
  rgb: 'rgb',
  bgr: 'bgr',
  rgba: 'rgba',
  bgra: 'bgra',
  gbrp: 'GBR',
  gbrap: 'GBRA',
};

function packed(order: string, sample: Pick<PackedFormat, 'bytes' | 'bits' | 'bigEndian'>): PackedFormat {
  const planar = order !== order.toLowerCase();
  return { kind: 'samples', order: order.toLowerCase(), planar, float: false, ...sample };
}

function yuvFormatOf(name: string): YuvFormat | null {
  const [, j, a, sampling, bits = '8'] =
    /^yuv(j?)(a?)(444|422|420|440|411|410)p(9|10|12|14|16)?(?:le|be)?$/.exec(name) ?? [];
  const shifts = sampling === undefined ? undefined : SAMPLING[sampling];
  if (shifts === undefined) return null;
  const [shiftX, shiftY] = shifts;
  return {
    kind: 'yuv',
    alpha: a === 'a',
    shiftX,
    shiftY,
    bits: Number(bits),
    bigEndian: name.endsWith('be'),
    fullRange: j === 'j',
  };
}

const SAMPLING: Readonly<Record<string, readonly [0 | 1 | 2, 0 | 1 | 2]>> = {
  444: [0, 0],
  422: [1, 0],
  420: [1, 1],
  440: [0, 1],
  411: [2, 0],
  410: [2, 2],
};

/** The gray that a frame begins with, as a format of its own. */
export function lumaFormatOf(format: PixelFormat): PixelFormat {
  if (format.kind !== 'yuv') return format;
  const { bits, bigEndian } = format;
  return packed('Y', { bytes: bits > 8 ? 2 : 1, bits, bigEndian });
}

/** What a frame becomes. */
export function rasterFormatOf(format: PixelFormat): {
  readonly channels: 1 | 3;
  readonly bytesPerSample: 1 | 2;
  readonly alpha: boolean;
} {
  switch (format.kind) {
    case 'bits':
      return { channels: 1, bytesPerSample: 1, alpha: false };
    case 'yuv':
      return { channels: 3, bytesPerSample: format.bits > 8 ? 2 : 1, alpha: format.alpha };
    case 'samples': {
      const { order, bytes } = format;
      return {
        channels: order.includes('y') ? 1 : 3,
        bytesPerSample: bytes === 1 ? 1 : 2,
        alpha: order.includes('a'),
      };
    }
  }
}

/** Bytes of one frame. */
export function frameBytesOf(format: PixelFormat, width: number, height: number): number {
  switch (format.kind) {
    case 'bits':
      return Math.ceil(width / 8) * height;
    case 'yuv': {
      const chroma = Math.ceil(width / 2 ** format.shiftX) * Math.ceil(height / 2 ** format.shiftY);
      return (width * height * (format.alpha ? 2 : 1) + 2 * chroma) * (format.bits > 8 ? 2 : 1);
    }
    case 'samples':
      return width * height * format.order.length * format.bytes;
  }
}
