import { open, readdir, stat } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { pictureFormatOf } from '../core/codec/index.ts';
import { UpreelError } from '../core/errors.ts';
import { isSequenceName } from '../core/sequence-name.ts';

export interface Input {
  readonly path: string;
  readonly kind: 'image' | 'video';
}

const IMAGE_EXTENSIONS = new Set(['.jpg', '.jpeg', '.jpe', '.jfif', '.png', '.webp', '.tif', '.tiff', '.gif', '.avif']);
/** Pictures that upreel does not read: named by the picture decoder, which knows what they are. */
const FOREIGN_IMAGE_EXTENSIONS = new Set([
  '.heic',
  '.heif',
  '.bmp',
  '.jp2',
  '.ico',
  '.ppm',
  '.pgm',
  '.hdr',
  '.svg',
  '.psd',
]);
const VIDEO_EXTENSIONS = new Set(
  [
    'mp4',
    'm4v',
    'mov',
    'mkv',
    'webm',
    'avi',
    'ts',
    'm2ts',
    'mts',
    'mpg',
    'mpeg',
    'vob',
    'flv',
    '3gp',
    'wmv',
    'ogv',
    'y4m',
  ].map((name) => `.${name}`),
);
const VIDEO_OUTPUTS = new Set(['.mkv', '.mp4', '.mov', '.webm']);

/**
 * What the arguments of the command name: files as they are, folders as the pictures and videos in them (not in their
 * subfolders), sorted by name, `-` for standard input. Results of earlier runs are not taken again.
 * @throws UpreelError `usage` for a folder without any.
 */
export async function expandInputs(paths: readonly string[], output: string | undefined): Promise<readonly Input[]> {
  const lists = await Promise.all(
    paths.map(async (path) => {
      const stats = path === '-' ? null : await stat(path).catch(() => null);
      return stats?.isDirectory() ? listFolder(path) : [path];
    }),
  );
  const unique = [...new Set(lists.flat().map((path) => (path === '-' ? path : resolve(path))))];
  return Promise.all(unique.map(async (path) => ({ path, kind: await kindOf(path, output) })));
}

async function listFolder(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).sort();
  const known = names.filter((name) => {
    const extension = extname(name).toLowerCase();
    return (IMAGE_EXTENSIONS.has(extension) || VIDEO_EXTENSIONS.has(extension)) && !RESULT_NAME.test(name);
  });
  if (known.length === 0) {
    throw new UpreelError('usage', `There is no picture or video in ${folder}.`, {
      hint: 'Subfolders are not searched; name the files or another folder.',
    });
  }
  return known.map((name) => join(folder, name));
}

const RESULT_NAME = /\.upreel-(\d+(\.\d+)?x|\d+x\d+)\.[a-z0-9]+$|^\.upreel-/i;

/** By the first bytes, then by the name. A GIF is a video if a video is asked for. */
async function kindOf(path: string, output: string | undefined): Promise<Input['kind']> {
  if (path === '-') return 'video';
  const extension = extname(path).toLowerCase();
  const format = pictureFormatOf(await readHead(path));
  const isFilm =
    output === '-' || VIDEO_OUTPUTS.has(extname(output ?? '').toLowerCase()) || isSequenceName(output ?? '');
  if (format === 'gif' && isFilm) return 'video';
  if (format !== null || IMAGE_EXTENSIONS.has(extension) || FOREIGN_IMAGE_EXTENSIONS.has(extension)) return 'image';
  return 'video';
}

/** Empty for what cannot be read: the decoder says why. */
async function readHead(path: string): Promise<Buffer> {
  const stats = await stat(path).catch(() => null);
  if (!stats?.isFile()) return Buffer.alloc(0);
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return Buffer.alloc(0);
  }
}
