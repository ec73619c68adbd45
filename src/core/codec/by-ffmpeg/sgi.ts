import { damaged } from '../libvips.ts';
import type { FfmpegKind } from './ffmpeg-kind.ts';

/** Silicon Graphics' pictures, 8 and 16 bits. @see "The SGI Image File Format", version 1.0 */
export const sgi: FfmpegKind = {
  name: 'SGI',
  demuxer: 'sgi_pipe',
  async readHeader(source, path) {
    const head = await source.read(0, 512);
    if (head.length < 512) throw damaged(path);
    return { size: { width: head.readUInt16BE(6), height: head.readUInt16BE(8) }, warnings: [] };
  },
};
