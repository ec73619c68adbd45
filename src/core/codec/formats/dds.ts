import type { ByteSource } from '../bytes/byte-source.ts';
import type { FfmpegHeader } from '../definition/ffmpeg-kind.ts';
import { startsWith } from '../definition/marks.ts';
import type { StillFormat } from '../definition/still-format.ts';
import { unsupportedVariant } from '../input-errors.ts';
import { damagedPicture } from '../libvips.ts';

/** Textures: the first and largest picture. @see "DDS_HEADER" and "DXGI_FORMAT" of the Windows API */
export const dds = {
  name: 'DDS',
  extensions: ['.dds'],
  mark: startsWith('DDS '),
  read: { by: 'ffmpeg', demuxer: 'dds_pipe', readHeader },
} satisfies StillFormat;

async function readHeader(source: ByteSource, path: string): Promise<FfmpegHeader> {
  const head = await source.read(0, 148);
  if (head.length < 128 || head.readUInt32LE(4) !== 124) throw damagedPicture(path);
  const fourCc = head.toString('latin1', 84, 88);
  const isTen = fourCc === 'DX10';
  const refused = isTen && head.length === 148 ? REFUSED_DXGI[head.readUInt32LE(128)] : REFUSED_CODES[fourCc];
  if (refused !== undefined) throw unsupportedVariant(path, `is a DDS texture in ${refused}`);
  const [mipmaps, cube, isVolume] = [
    head.readUInt32LE(28),
    head.readUInt32LE(112) & 0x200,
    head.readUInt32LE(112) & 0x200000,
  ];
  return {
    size: { width: head.readUInt32LE(16), height: head.readUInt32LE(12) },
    warnings: [
      ...(cube !== 0 || isVolume !== 0 ? [`${path} is a texture of several pictures: only the first is read.`] : []),
      ...(mipmaps > 1 ? [`${path} holds smaller versions of its picture: they are left out.`] : []),
    ],
  };
}

const REFUSED_DXGI: Readonly<Record<number, string>> = {
  2: '32-bit floats',
  10: '16-bit floats',
  26: '11-bit floats',
  67: 'shared exponents',
  94: 'BC6H',
  95: 'BC6H',
  96: 'BC6H',
  97: 'BC7',
  98: 'BC7',
  99: 'BC7',
};
const REFUSED_CODES: Readonly<Record<string, string>> = {
  'q\0\0\0': '16-bit floats',
  't\0\0\0': '32-bit floats',
  'BC7\0': 'BC7',
  BC6H: 'BC6H',
};
