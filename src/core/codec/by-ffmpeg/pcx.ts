import { damaged } from '../libvips.ts';
import type { FfmpegKind } from './ffmpeg-kind.ts';

/** PC Paintbrush. @see ZSoft PCX File Format Technical Reference Manual */
export const pcx: FfmpegKind = {
  name: 'PCX',
  demuxer: 'pcx_pipe',
  async readHeader(source, path) {
    const head = await source.read(0, 128);
    if (head.length < 128) throw damaged(path);
    const [left, top, right, bottom] = [4, 6, 8, 10].map((at) => head.readUInt16LE(at)) as [
      number,
      number,
      number,
      number,
    ];
    if (right < left || bottom < top) throw damaged(path);
    return {
      size: { width: right - left + 1, height: bottom - top + 1 },
      warnings: [],
    };
  },
};
