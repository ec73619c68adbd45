/** A kind of picture that upreel reads. */
interface PictureKind {
  /** For people. */
  readonly name: string;
  readonly extensions: readonly string[];
  /** Who decodes it: libvips, libheif, code of upreel's own, or ffmpeg. */
  readonly decoder: 'libvips' | 'libheif' | 'upreel' | 'ffmpeg';
}

/**
 * What upreel reads, by content; the endings are those that people know it by. In folders files with these endings are
 * looked for, so that none is here that also means something else (.rgb, .pic).
 */
export const PICTURE_KINDS = {
  jpeg: { name: 'JPEG', extensions: ['.jpg', '.jpeg', '.jpe', '.jfif', '.mpo'], decoder: 'libvips' },
  png: { name: 'PNG', extensions: ['.png', '.apng'], decoder: 'libvips' },
  webp: { name: 'WebP', extensions: ['.webp'], decoder: 'libvips' },
  tiff: { name: 'TIFF', extensions: ['.tif', '.tiff'], decoder: 'libvips' },
  gif: { name: 'GIF', extensions: ['.gif'], decoder: 'libvips' },
  avif: { name: 'AVIF', extensions: ['.avif'], decoder: 'libvips' },
  avis: { name: 'animated AVIF', extensions: ['.avifs'], decoder: 'ffmpeg' },
  heic: { name: 'HEIC', extensions: ['.heic', '.heif', '.hif', '.heics', '.heifs'], decoder: 'libheif' },
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

/** Endings, in lower case, under which pictures are looked for in folders. */
export const PICTURE_EXTENSIONS: ReadonlySet<string> = new Set(
  Object.values(PICTURE_KINDS).flatMap(({ extensions }) => extensions),
);

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
  const start = head.toString('latin1', 0, 16);
  return MARKS.find(([, isIt]) => isIt(start, head))?.[0] ?? null;
}

type Mark = (start: string, head: Buffer) => boolean;

const startsWith =
  (...marks: string[]): Mark =>
  (start) =>
    marks.some((mark) => start.startsWith(mark));

const MARKS: readonly (readonly [PlainFormat | FfmpegFormat, Mark])[] = [
  // Too short for a header: the decoder says that it ends early.
  ['bmp', (start, head) => start.startsWith('BM') && (head.length < 18 || head.readUInt32LE(14) <= 4096)],
  ['ico', isIcon],
  ['pnm', (start) => /^(P[1-6fF]\s+[#\d]|P7\s)/.test(start)],
  ['hdr', startsWith('#?RADIANCE', '#?RGBE')],
  ['qoi', startsWith('qoif')],
  ['psd', startsWith('8BPS')],
  ['jp2', startsWith('\0\0\0\x0cjP  ', '\xff\x4f\xff\x51')],
  ['jxl', startsWith('\xff\x0a', '\0\0\0\x0cJXL ')],
  ['exr', startsWith('v/1\x01')],
  ['dpx', startsWith('SDPX', 'XPDS')],
  ['dds', startsWith('DDS ')],
  [
    'pcx',
    (_, head) => head[0] === 0x0a && isOneOf(head[1], 0, 2, 3, 4, 5) && head[2] === 1 && isOneOf(head[3], 1, 2, 4, 8),
  ],
  [
    'sgi',
    (start, head) => start.startsWith('\x01\xda') && isOneOf(head[2], 0, 1) && isOneOf(head[3], 1, 2) && head[4] === 0,
  ],
];

const ICON_MARKS: readonly string[] = ['\0\0\x01\0', '\0\0\x02\0'];

/** A TGA, too, may begin with these four bytes, but not with a count behind them. */
function isIcon(_: string, head: Buffer): boolean {
  const isMarked = ICON_MARKS.includes(head.toString('latin1', 0, 4));
  return isMarked && head.length >= 6 && head.readUInt16LE(4) > 0 && (head.length < 10 || head[9] === 0);
}

function isOneOf(byte: number | undefined, ...bytes: number[]): boolean {
  return byte !== undefined && bytes.includes(byte);
}
