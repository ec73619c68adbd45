import type { RowPicture } from '../../definition/row-picture.ts';

/**
 * As the file orders them. Gray is luminance; with alpha it is RGB, which is all that some readers take beside alpha.
 */
export function channelNames({ channels, alpha }: Pick<RowPicture, 'channels' | 'alpha'>): readonly string[] {
  if (alpha) return ['A', 'B', 'G', 'R'];
  return channels === 1 ? ['Y'] : ['B', 'G', 'R'];
}

/** All before the table of blocks. @see "OpenEXR File Layout" */
export function exrHead(picture: RowPicture): Buffer {
  const { width, height, bytesPerSample, metadata } = picture;
  const { density } = metadata;
  const box = int32s(0, 0, width - 1, height - 1);
  return Buffer.concat([
    int32s(0x01312f76, 2),
    attribute('channels', 'chlist', channelList(channelNames(picture), bytesPerSample === 1 ? HALF : FLOAT)),
    attribute('chromaticities', 'chromaticities', floats(...REC_709)),
    attribute('compression', 'compression', Buffer.from([ZIP])),
    attribute('dataWindow', 'box2i', box),
    attribute('displayWindow', 'box2i', box),
    attribute('lineOrder', 'lineOrder', Buffer.from([0])),
    // Width of a pixel over its height.
    attribute('pixelAspectRatio', 'float', floats(density === null ? 1 : density.y / density.x)),
    attribute('screenWindowCenter', 'v2f', floats(0, 0)),
    attribute('screenWindowWidth', 'float', floats(1)),
    ...(density === null ? [] : [attribute('xDensity', 'float', floats(density.x))]),
    Buffer.from([0]),
  ]);
}

const HALF = 1;
const FLOAT = 2;
/** Blocks of 16 rows. */
const ZIP = 3;
/** Red, green, blue and white (D65) as x and y: those of sRGB. */
const REC_709 = [0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329];

function channelList(names: readonly string[], type: number): Buffer {
  const channels = names.map((name) => Buffer.concat([text(name), int32s(type, 0, 1, 1)]));
  return Buffer.concat([...channels, Buffer.from([0])]);
}

function attribute(name: string, type: string, value: Buffer): Buffer {
  return Buffer.concat([text(name), text(type), int32s(value.length), value]);
}

function text(value: string): Buffer {
  return Buffer.from(`${value}\0`, 'latin1');
}

function int32s(...values: number[]): Buffer {
  const out = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => void out.writeInt32LE(value, index * 4));
  return out;
}

function floats(...values: number[]): Buffer {
  const out = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => void out.writeFloatLE(value, index * 4));
  return out;
}
