/** A kind of picture that upreel reads. */
interface PictureKind {
  /** For people. */
  readonly name: string;
  readonly extensions: readonly string[];
  /** Who decodes it: libvips, code of upreel's own, or ffmpeg. */
  readonly decoder: 'libvips' | 'upreel' | 'ffmpeg';
}

/**
 * What upreel reads, by content; the endings are those that people know it by. In folders files with these endings are
 * looked for, so that none is here that also means something else (.rgb, .pic).
 */
export const PICTURE_KINDS = {
  jpeg: { name: 'JPEG', extensions: ['.jpg', '.jpeg', '.jpe', '.jfif'], decoder: 'libvips' },
  png: { name: 'PNG', extensions: ['.png', '.apng'], decoder: 'libvips' },
  webp: { name: 'WebP', extensions: ['.webp'], decoder: 'libvips' },
  tiff: { name: 'TIFF', extensions: ['.tif', '.tiff'], decoder: 'libvips' },
  gif: { name: 'GIF', extensions: ['.gif'], decoder: 'libvips' },
  avif: { name: 'AVIF', extensions: ['.avif'], decoder: 'libvips' },
  avis: { name: 'animated AVIF', extensions: ['.avifs'], decoder: 'ffmpeg' },
  bmp: { name: 'BMP', extensions: ['.bmp', '.dib'], decoder: 'upreel' },
  ico: { name: 'Windows icon', extensions: ['.ico', '.cur'], decoder: 'upreel' },
  tga: { name: 'TGA', extensions: ['.tga', '.icb', '.vda'], decoder: 'upreel' },
  pnm: { name: 'PNM', extensions: ['.pnm', '.pbm', '.pgm', '.ppm', '.pam', '.pfm'], decoder: 'upreel' },
  hdr: { name: 'Radiance HDR', extensions: ['.hdr', '.rgbe'], decoder: 'upreel' },
  qoi: { name: 'QOI', extensions: ['.qoi'], decoder: 'upreel' },
  psd: { name: 'Photoshop', extensions: ['.psd', '.psb'], decoder: 'upreel' },
  jp2: { name: 'JPEG 2000', extensions: ['.jp2', '.j2k', '.j2c', '.jpc', '.jpf', '.jpx'], decoder: 'ffmpeg' },
  jxl: { name: 'JPEG XL', extensions: ['.jxl'], decoder: 'ffmpeg' },
  exr: { name: 'OpenEXR', extensions: ['.exr'], decoder: 'ffmpeg' },
  dpx: { name: 'DPX', extensions: ['.dpx'], decoder: 'ffmpeg' },
  dds: { name: 'DDS', extensions: ['.dds'], decoder: 'ffmpeg' },
  pcx: { name: 'PCX', extensions: ['.pcx'], decoder: 'ffmpeg' },
  sgi: { name: 'SGI', extensions: ['.sgi'], decoder: 'ffmpeg' },
} as const satisfies Record<string, PictureKind>;

/** What upreel reads, decided by the first bytes and never by the name. */
export type PictureFormat = keyof typeof PICTURE_KINDS;

type DecodedBy<Decoder extends PictureKind['decoder']> = {
  [Format in PictureFormat]: (typeof PICTURE_KINDS)[Format]['decoder'] extends Decoder ? Format : never;
}[PictureFormat];

export type LibvipsFormat = DecodedBy<'libvips'>;
export type PlainFormat = DecodedBy<'upreel'>;
/** Stills; an animated AVIF is ffmpeg's, too. */
export type FfmpegFormat = Exclude<DecodedBy<'ffmpeg'>, 'avis'>;

/** By the first bytes; null: none of those that libvips does not decode. A TGA and an AVIF need a closer look. */
export function furtherFormatOf(head: Buffer): PlainFormat | FfmpegFormat | null {
  const start = head.toString('latin1');
  // Too short for a header: the decoder says that it ends early.
  const isBmp = start.startsWith('BM') && (head.length < 18 || head.readUInt32LE(14) <= 4096);
  if (isBmp) return 'bmp';
  return MARKS.find(([, mark]) => mark.test(start))?.[0] ?? null;
}

const MARKS: readonly (readonly [PlainFormat | FfmpegFormat, RegExp])[] = [
  ['ico', /^\0\0[\x01\x02]\0[^\0][\s\S]{4}\0/],
  ['pnm', /^(P[1-6fF]\s+(#|[\d])|P7\s)/],
  ['hdr', /^#\?(RADIANCE|RGBE)/],
  ['qoi', /^qoif/],
  ['psd', /^8BPS/],
  ['jp2', /^(\0\0\0\x0cjP {2}|\xff\x4f\xff\x51)/],
  ['jxl', /^(\xff\x0a|\0\0\0\x0cJXL )/],
  ['exr', /^v\/1\x01/],
  ['dpx', /^(SDPX|XPDS)/],
  ['dds', /^DDS /],
  ['pcx', /^\x0a[\0\x02-\x05]\x01[\x01\x02\x04\x08]/],
  ['sgi', /^\x01\xda[\0\x01][\x01\x02]\0[\x01-\x03]/],
];
