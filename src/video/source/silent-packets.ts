import type { PacketScan } from './scan.ts';
import type { VideoStream } from './video-info.ts';

/**
 * Whether packets may mean "as before" and give no picture, which is no damage. Screen recorders write most of theirs
 * so, MPEG-4 and its kin a few (dropped frames of a capture, fillers of packed B-frames): those are too small to say
 * even of each macroblock that it is skipped.
 */
export function hasPacketsWithoutPicture({ codec, size }: VideoStream, { smallestBytes }: PacketScan): boolean {
  if (PICTURE_PER_PACKET.includes(codec)) return false;
  if (!CODED_BY_MACROBLOCK.includes(codec)) return true;
  const macroblocks = Math.ceil(size.width / 16) * Math.ceil(size.height / 16);
  return smallestBytes < HEADER_BYTES + macroblocks / 8;
}

/** Of a coded picture: start code, type, time, quantiser (ISO/IEC 14496-2, 6.2.5). */
const HEADER_BYTES = 8;

/** VP8's that are never shown have no packet's time of their own: they are told by the decoder alone. */
const PICTURE_PER_PACKET: readonly string[] = [
  ...['h264', 'hevc', 'mpeg1video', 'mpeg2video', 'vp8', 'vp9', 'av1', 'prores', 'dnxhd', 'mjpeg', 'ffv1', 'rawvideo'],
  ...['dvvideo', 'gif', 'apng', 'png', 'tiff', 'dpx', 'exr', 'jpeg2000', 'huffyuv', 'ffvhuff', 'utvideo', 'magicyuv'],
  ...['cfhd', 'hap', 'v210', 'v410', 'r210'],
];

/** At least a bit for each. */
const CODED_BY_MACROBLOCK: readonly string[] = [
  ...['mpeg4', 'h263', 'h263i', 'h263p', 'flv1', 'msmpeg4v1', 'msmpeg4v2', 'msmpeg4v3', 'wmv1', 'wmv2', 'wmv3', 'vc1'],
  ...['rv10', 'rv20', 'rv30', 'rv40', 'svq1', 'svq3'],
];

/** Whether some packets are never shown, by design (VP8's alternate reference frames, RFC 6386, 9.1). */
export function hasHiddenFrames({ codec }: VideoStream): boolean {
  return codec === 'vp8';
}
