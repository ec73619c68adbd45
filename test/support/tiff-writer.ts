import { deflateSync } from 'node:zlib';
import { bytesEntry, type NewEntry, numberEntry, serialiseIfd, TYPE } from '../../src/core/codec/metadata/ifd.ts';

export interface TiffKind {
  readonly width: number;
  readonly height: number;
  readonly bits: number;
  readonly samplesPerPixel: number;
  /** 0 white is 0, 1 black is 0, 2 RGB, 5 CMYK, 8 CIELAB, 9 ICC L*a*b*. */
  readonly photometric: number;
  readonly compression?: 'none' | 'deflate';
  readonly bigEndian?: boolean;
  readonly icc?: Uint8Array;
  readonly white?: readonly [number, number];
  /** Meaning of the last sample. */
  readonly extra?: number;
  readonly orientation?: number;
  readonly rowsPerStrip?: number;
}

/** A TIFF of any bits: samples lie one behind the other, the highest bit first, each row from a new byte on. */
export function makeTiff(samples: readonly number[], kind: TiffKind): Buffer {
  const { width, height, bits, samplesPerPixel, photometric, compression = 'none', bigEndian = false } = kind;
  const layout = { littleEndian: !bigEndian, big: false };
  const rows = Array.from({ length: height }, (_, y) =>
    packRow(samples.slice(y * width * samplesPerPixel, (y + 1) * width * samplesPerPixel), bits, bigEndian),
  );
  const rowsPerStrip = kind.rowsPerStrip ?? height;
  const strips: Buffer[] = [];
  for (let y = 0; y < height; y += rowsPerStrip) {
    const strip = Buffer.concat(rows.slice(y, y + rowsPerStrip));
    strips.push(compression === 'none' ? strip : deflateSync(strip));
  }
  const head = Buffer.alloc(8);
  head.write(bigEndian ? 'MM\0*' : 'II*\0', 'latin1');
  const offsets: number[] = [];
  let end = 8;
  for (const strip of strips) {
    offsets.push(end);
    end += strip.length;
  }
  end += end % 2;
  if (bigEndian) head.writeUInt32BE(end, 4);
  else head.writeUInt32LE(end, 4);
  const entry = (tag: number, type: number, numbers: readonly number[]) =>
    numberEntry(tag, type, numbers, layout.littleEndian);
  const entries: NewEntry[] = [
    entry(0x100, TYPE.long, [width]),
    entry(0x101, TYPE.long, [height]),
    entry(0x102, TYPE.short, new Array<number>(samplesPerPixel).fill(bits)),
    entry(0x103, TYPE.short, [compression === 'none' ? 1 : 8]),
    entry(0x106, TYPE.short, [photometric]),
    entry(0x111, TYPE.long, offsets),
    entry(0x112, TYPE.short, [kind.orientation ?? 1]),
    entry(0x115, TYPE.short, [samplesPerPixel]),
    entry(0x116, TYPE.long, [rowsPerStrip]),
    entry(
      0x117,
      TYPE.long,
      strips.map((strip) => strip.length),
    ),
    ...(kind.white === undefined ? [] : [entry(0x13e, TYPE.rational, kind.white)]),
    ...(kind.extra === undefined ? [] : [entry(0x152, TYPE.short, [kind.extra])]),
    ...(kind.icc === undefined ? [] : [bytesEntry(0x8773, TYPE.undefined, kind.icc)]),
  ];
  const body = Buffer.concat([head, ...strips]);
  return Buffer.concat([body, Buffer.alloc(end - body.length), serialiseIfd(entries, layout, end, 0)]);
}

function packRow(samples: readonly number[], bits: number, bigEndian: boolean): Buffer {
  if (bits === 16) {
    const row = Buffer.from(Uint16Array.from(samples).buffer);
    return bigEndian ? row.swap16() : row;
  }
  const text = samples.map((sample) => sample.toString(2).padStart(bits, '0')).join('');
  return Buffer.from((text.match(/.{1,8}/g) ?? []).map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2)));
}
