import type { ByteSource } from '../bytes/byte-source.ts';
import type { FfmpegHeader } from '../definition/ffmpeg-kind.ts';
import { startsWith } from '../definition/marks.ts';
import type { StillFormat } from '../definition/still-format.ts';
import { unsupportedVariant } from '../input-errors.ts';
import { damagedPicture } from '../libvips.ts';

/** Scans of film: the first element, 8 to 16 bits. @see SMPTE ST 268-1 */
export const dpx = {
  name: 'DPX',
  extensions: ['.dpx'],
  mark: startsWith('SDPX', 'XPDS'),
  read: { by: 'ffmpeg', demuxer: 'dpx_pipe', readHeader },
} satisfies StillFormat;

async function readHeader(source: ByteSource, path: string): Promise<FfmpegHeader> {
  const head = await source.read(0, HEAD_BYTES);
  if (head.length < HEAD_BYTES) throw damagedPicture(path);
  const isBig = head.toString('latin1', 0, 4) === 'SDPX';
  const [short, long] = [
    (at: number) => (isBig ? head.readUInt16BE(at) : head.readUInt16LE(at)),
    (at: number) => (isBig ? head.readUInt32BE(at) : head.readUInt32LE(at)),
  ];
  const [descriptor, transfer, bits] = [head[800]!, head[801]!, head[803]!];
  const order = DESCRIPTORS[descriptor];
  if (order === undefined) throw unsupportedVariant(path, `is a DPX picture of the kind ${descriptor}`);
  if (![8, 10, 12, 16].includes(bits)) throw unsupportedVariant(path, `is a DPX picture of ${bits} bits`);
  if (short(806) === 1) throw unsupportedVariant(path, 'is a DPX picture in run-length code');
  const elements = short(770);
  return {
    size: { width: long(772), height: long(776) },
    // The eight of the format, in EXIF's count; beyond them it is not stated.
    orientation: [1, 4, 2, 3, 5, 8, 6, 7][short(768)] ?? 1,
    warnings: [
      ...(transfer === PRINTING_DENSITY || transfer === LOGARITHMIC
        ? [`${path} holds densities of film (logarithmic): the code values are kept and look flat.`]
        : []),
      ...(transfer === LINEAR ? [`${path} says that its values are linear: they are kept as they are.`] : []),
      ...(elements > 1 && elements !== 0xffff ? [`${path} holds ${elements} pictures: only the first is read.`] : []),
    ],
  };
}

/** File, orientation and the first element. */
const HEAD_BYTES = 852;

/** Luma, RGB, RGBA, ABGR. */
const DESCRIPTORS: Readonly<Record<number, string>> = { 6: 'y', 50: 'rgb', 51: 'rgba', 52: 'abgr' };
const [PRINTING_DENSITY, LINEAR, LOGARITHMIC] = [1, 2, 3];
