import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import {
  DEFAULT_PICTURE_LIMITS,
  inspectPicture,
  openPicture,
  PICTURE_EXTENSIONS,
  type PictureInfo,
} from '../core/codec/index.ts';
import { UpreelError } from '../core/errors.ts';
import type { Size } from '../core/pixels/geometry.ts';
import { makeRaster, type Raster } from '../core/pixels/raster.ts';
import { cropInto } from '../core/pixels/rows.ts';
import { checkBorder } from './compare.ts';

/** A full-size picture that models are scored on. */
export interface Truth {
  readonly path: string;
  /** What of the file is not scored, in sentences for people. */
  readonly notes: readonly string[];
}

/**
 * The pictures of a folder by name, looked at without being decoded.
 * @throws UpreelError `input-missing`; `usage` for a folder without pictures and for a picture of which the scale or
 * the border leaves nothing; as `inspectPicture` does.
 */
export async function findTruths(folder: string, measured: { scale: number; border: number }): Promise<Truth[]> {
  const truths: Truth[] = [];
  for (const path of await listPictures(folder)) {
    const info = await inspectPicture(path, DEFAULT_PICTURE_LIMITS);
    const size = cutSize(info.pages[0]!, measured.scale);
    if (size.width === 0 || size.height === 0) {
      const [{ width, height }] = info.pages as [Size];
      throw new UpreelError('usage', `${path}, ${width}x${height}, cannot be shrunk ${measured.scale} times.`);
    }
    checkBorder(size, measured.border, path);
    truths.push({ path, notes: [...info.warnings, ...unscored(info)] });
  }
  return truths;
}

/**
 * The first page's colour, cut at its right and lower side to a multiple of `scale`: `modcrop` of the papers' scripts.
 */
export async function readTruth({ path }: Truth, scale: number): Promise<Raster> {
  const raster = await readColour(path);
  const size = cutSize(raster, scale);
  const cut = makeRaster(size.width, size.height, raster);
  cropInto(cut.data, raster, { x: 0, y: 0, ...size });
  return cut;
}

/** @throws UpreelError as `openPicture` does. */
export async function readColour(path: string): Promise<Raster> {
  const reader = await openPicture(path, DEFAULT_PICTURE_LIMITS);
  return (await reader.readPage(0)).colour;
}

async function listPictures(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((cause) => {
    throw new UpreelError('input-missing', `${folder} is not a folder that can be read.`, {
      hint: 'Name a folder of full-size pictures.',
      cause,
    });
  });
  // A leading dot: macOS keeps a ._NAME.png beside each picture on other file systems.
  const pictures = names
    .filter((name) => PICTURE_EXTENSIONS.has(extname(name).toLowerCase()) && !name.startsWith('.'))
    .sort();
  if (pictures.length > 0) return pictures.map((name) => join(folder, name));
  throw new UpreelError('usage', `There is no picture in ${folder}.`, { hint: 'Subfolders are not searched.' });
}

function cutSize({ width, height }: Size, scale: number): Size {
  return { width: width - (width % scale), height: height - (height % scale) };
}

function unscored({ path, pages, alpha }: PictureInfo): string[] {
  return [
    ...(alpha ? [`${path} has transparency, which is not scored.`] : []),
    ...(pages.length > 1 ? [`${path} has ${pages.length} pages: only the first is scored.`] : []),
  ];
}
