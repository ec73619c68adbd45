import type { StillFormat } from '../definition/still-format.ts';
import type { WrittenFormat } from '../definition/written-format.ts';
import { avif } from './avif.ts';
import { avis } from './avis.ts';
import { bmp } from './bmp.ts';
import { dds } from './dds.ts';
import { dpx } from './dpx.ts';
import { exr } from './exr.ts';
import { gif } from './gif.ts';
import { hdr } from './hdr.ts';
import { heic } from './heic.ts';
import { ico } from './ico.ts';
import { jp2 } from './jp2.ts';
import { jpeg } from './jpeg.ts';
import { jxl } from './jxl.ts';
import { pcx } from './pcx.ts';
import { png } from './png.ts';
import { pnm } from './pnm.ts';
import { psd } from './psd.ts';
import { qoi } from './qoi.ts';
import { sgi } from './sgi.ts';
import { tga } from './tga.ts';
import { tiff } from './tiff.ts';
import { webp } from './webp.ts';

/** All formats, in the order in which their marks are looked for and people are told of them. */
export const FORMATS = {
  jpeg,
  png,
  webp,
  tiff,
  gif,
  avif,
  avis,
  heic,
  bmp,
  ico,
  tga,
  pnm,
  hdr,
  qoi,
  psd,
  jp2,
  jxl,
  exr,
  dpx,
  dds,
  pcx,
  sgi,
} satisfies Readonly<Record<string, StillFormat>>;

/** What upreel reads, decided by the first bytes and never by the name. */
export type PictureFormat = keyof typeof FORMATS;

/** What upreel writes. */
export type OutputFormat = {
  [Format in PictureFormat]: (typeof FORMATS)[Format] extends { readonly write: WrittenFormat } ? Format : never;
}[PictureFormat];

/** An ending that names ask for a format with. */
export type OutputEnding = (typeof FORMATS)[OutputFormat]['write']['endings'][number];

/** Endings, in lower case, under which pictures are looked for in folders. */
export const PICTURE_EXTENSIONS: ReadonlySet<string> = new Set(
  Object.values(FORMATS).flatMap(({ extensions }) => extensions),
);
