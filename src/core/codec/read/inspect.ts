import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Metadata, SharpInput } from 'sharp';
import { isOutOfMemory, UpreelError } from '../../errors.ts';
import type { Size } from '../../pixels/geometry.ts';
import { judgeProfile } from '../colour/judge-profile.ts';
import type { LibvipsKind, OwnHeader } from '../definition/libvips-kind.ts';
import type { PictureFormat } from '../formats/list.ts';
import { decodeError, openPipeline } from '../libvips.ts';
import { exifFacts } from '../metadata/exif.ts';
import { bareExif, type PictureMetadata, photoshopResources, uprightXmp } from '../metadata/metadata.ts';
import { dropClaims } from '../metadata/xmp-claims.ts';
import { checkSize, type PictureLimits } from '../picture-limits.ts';
import { multipliedNote } from '../samples.ts';
import { oddSamplesOf, refuseOddPage } from '../tiff/odd-samples.ts';
import { plainTiff, plainTiffHeader } from '../tiff/plain-tiff.ts';
import type { TiffPageFacts } from '../tiff/tiff-page-facts.ts';
import { MAX_TIFF_PAGES } from '../tiff/tiff-pages.ts';
import { readOwnHeader } from './own-header.ts';
import { commonLayout, nameLayout } from './page-layout.ts';
import type { PictureFile } from './picture-file.ts';
import { describeSamples, type SampleLayout } from './sample-layout.ts';

/** What a picture file says of itself; nothing was decoded. */
export interface PictureInfo {
  readonly path: string;
  readonly format: PictureFormat;
  readonly bytes: number;
  /** Sizes of the pages as they will be decoded (orientation applied); one for a still picture. */
  readonly pages: readonly Size[];
  /** The pages follow one another in time (GIF, WebP), not side by side (TIFF). */
  readonly animated: boolean;
  /** Of all pages as they are decoded: what holds each of them, where those of a TIFF differ. */
  readonly channels: 1 | 3;
  readonly bytesPerSample: 1 | 2;
  readonly alpha: boolean;
  readonly metadata: PictureMetadata;
  /** What is lost or odd, in sentences for people. */
  readonly warnings: readonly string[];
}

/**
 * Reads the header of a picture that libvips decodes.
 * @throws UpreelError `input-missing`, `input-unreadable`, `input-unsupported`, `input-damaged`, `input-too-large`.
 */
export async function inspectByLibvips(
  file: PictureFile,
  kind: LibvipsKind,
  limits: PictureLimits,
): Promise<PictureInfo> {
  const { path, format, bytes } = file;
  const own = await readOwnHeader(path, kind);
  const describe = async (page: number) => describePage(await pipelineInput(path), { path, kind, own, page });
  const first = await describe(0);
  const pages = listPages(path, first, own);
  for (const size of pages) checkSize(path, size, limits);
  const others = await Promise.all(differingPages(own).map(describe));
  const layout = commonLayout([first, ...others].map(({ samples }) => samples));
  const mixed = `The pages of ${path} are of different kinds: all are read as ${nameLayout(layout)}.`;
  // A profile is for gray or for RGB.
  const model = [first, ...others].find(({ samples }) => samples.channels === layout.channels)!;
  return {
    path,
    format,
    bytes,
    pages,
    animated: pages.length > 1 && kind.pages === 'animation',
    ...layout,
    metadata: { ...first.metadata, icc: model.metadata.icc },
    warnings: [...own.warnings, ...first.warnings, ...(others.length > 0 ? [mixed] : [])],
  };
}

/** One page of each kind of samples that the first page of a TIFF has not. */
function differingPages({ tiffPages }: OwnHeader): number[] {
  const kindOf = ({ bits, photometric, samplesPerPixel, extraSamples, isUnsigned }: TiffPageFacts) =>
    JSON.stringify([bits, photometric, samplesPerPixel, extraSamples, isUnsigned]);
  const kinds = tiffPages.map(kindOf);
  return [...new Set(kinds)].map((kind) => kinds.indexOf(kind)).filter((page) => page > 0);
}

export interface PageDescription {
  /** As libvips counts: of an AVIF the primary picture, which need not be the first. */
  readonly filePage: number;
  /** After orientation. */
  readonly size: Size;
  /** 1..8 as EXIF counts; 1: the file's pixels already stand upright. */
  readonly orientation: number;
  /** As `orientation`, where libvips does not know of it: EXIF behind a PNG's pixels; else 1. */
  readonly ownTurn: number;
  readonly samples: SampleLayout;
  /** Alpha is still to be divided out of the decoded colours. */
  readonly premultiplied: boolean;
  readonly metadata: PictureMetadata;
  /** Pages that libvips sees in the file. */
  readonly pages: number;
  /** Makes a file of the page alone that libvips can read; null: it reads the file itself. */
  readonly plain: (() => Promise<Buffer>) | null;
  readonly warnings: readonly string[];
}

/** Describes one page from libvips' header and our own. */
export async function describePage(
  input: SharpInput,
  picture: { path: string; kind: LibvipsKind; own: OwnHeader; page: number },
): Promise<PageDescription> {
  const { path, kind, own, page } = picture;
  const facts = own.tiffPages[page];
  if (facts !== undefined) refuseOddPage(path, facts);
  const odd = facts === undefined ? null : oddSamplesOf(facts);
  const first =
    odd === null
      ? await readHeader(input, path, page)
      : await readHeader(await plainTiffHeader(path, page, facts!, odd), path, 0);
  const filePage = kind.pages === 'one' ? (first.pagePrimary ?? 0) : page;
  const header = filePage === page ? first : await readHeader(input, path, filePage);
  const samples = describeSamples(header, { path, facts });
  const ownTurn = header.orientation !== undefined || own.exif === null ? 1 : (await exifFacts(own.exif)).orientation;
  const orientation = header.orientation ?? ownTurn;
  const { metadata, warnings } = await describeMetadata({ ...header, orientation }, samples, own, path);
  const { width, height } = header.autoOrient;
  return {
    filePage,
    size: ownTurn >= 5 ? { width: height, height: width } : { width, height },
    orientation,
    ownTurn,
    samples,
    premultiplied: samples.alpha && own.premultiplied,
    metadata,
    pages: kind.pages === 'one' ? 1 : odd === null ? (header.pages ?? 1) : own.tiffPages.length,
    plain: odd === null ? null : () => plainTiff(path, page, facts!, odd),
    warnings: [...warnings, ...(samples.alpha && wasMultiplied(own, page) ? [multipliedNote(path)] : [])],
  };
}

/** TIFF's ExtraSamples: 1 is "associated" alpha. */
function wasMultiplied({ premultiplied, tiffPages }: OwnHeader, page: number): boolean {
  return premultiplied || tiffPages[page]?.extraSamples[0] === 1;
}

/** The name for libvips, which takes brackets at a name's end for options: such a file is read here. */
export async function pipelineInput(path: string): Promise<SharpInput> {
  return path.endsWith(']') ? await readFile(path) : resolve(path);
}

function listPages(path: string, first: PageDescription, own: OwnHeader): readonly Size[] {
  const listed = own.tiffPages.slice(0, first.pages).map(({ size }) => size);
  if (first.pages > MAX_ANIMATION_PAGES || (listed.length > 0 && listed.length < first.pages)) {
    throw new UpreelError('input-unsupported', `${path} has ${first.pages} pages, or a damaged list of them.`, {
      hint: `upreel takes ${MAX_TIFF_PAGES} pages of a TIFF file and ${MAX_ANIMATION_PAGES} of an animation: split it.`,
    });
  }
  return listed.length > 0 ? listed : new Array<Size>(first.pages).fill(first.size);
}

const MAX_ANIMATION_PAGES = 10_000;

async function readHeader(input: SharpInput, path: string, page: number): Promise<Metadata> {
  try {
    return await openPipeline(input, { page, pages: 1 }).metadata();
  } catch (error) {
    if (isOutOfMemory(error)) throw decodeError(error, path);
    // A GIF that ends early fails here: what is there of it shows when it is decoded.
    const partly = openPipeline(input, { page, pages: 1, failOn: 'none' }).metadata();
    return await partly.catch(() => {
      throw decodeError(error, path);
    });
  }
}

async function describeMetadata(header: Metadata, samples: SampleLayout, own: OwnHeader, path: string) {
  const warnings: string[] = [];
  const turned = (header.orientation ?? 1) > 1;
  const exif = own.exif ?? (header.exif === undefined ? null : bareExif(header.exif));
  const stated = exif === null ? null : (await exifFacts(exif)).density;
  // A JPEG with EXIF is no JFIF file, whatever stands in its JFIF segment.
  const density = header.format === 'jpeg' ? (stated ?? own.density) : (own.density ?? stated);
  const icc = header.icc ?? own.icc ?? undefined;
  const xmp = own.xmp ?? header.xmp ?? null;
  const { fits, warning } = judgeProfile(path, icc ?? (own.hasProfile ? 'dropped' : null), samples);
  if (warning !== null) warnings.push(warning);
  const metadata: PictureMetadata = {
    icc: fits ? (icc ?? null) : null,
    exif,
    xmp: xmp === null ? null : dropClaims(turned ? uprightXmp(xmp) : xmp),
    iptc: own.iptc ?? (header.iptc === undefined ? null : photoshopResources(header.iptc)),
    density: density !== null && (header.orientation ?? 1) >= 5 ? { x: density.y, y: density.x } : density,
    pngColour: samples.converted === null ? own.pngColour : [],
    delaysMs: header.delay ?? [],
    loop: header.loop ?? null,
  };
  return { metadata, warnings };
}
