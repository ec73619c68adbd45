import { basename, join } from 'node:path';
import { UpreelError } from '../errors.ts';
import type { Size } from '../pixels/geometry.ts';
import { resultPlace } from './sequence-name.ts';

/** Where a result goes: a name that was asked for, or one made from the input's once the scale is known. */
export type OutputRule =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'derived'; readonly folder: string; readonly stem: string; readonly extension: string };

/** Of a picture; the other side follows from its shape. */
export type Side = 'width' | 'height' | 'short';

/** What was asked for: the network's own scale, another factor, a size in pixels, or the length of one side. */
export type Target =
  | { readonly kind: 'native' }
  | { readonly kind: 'scale'; readonly scale: number }
  | { readonly kind: 'size'; readonly size: Size }
  | { readonly kind: 'side'; readonly side: Side; readonly px: number };

/**
 * `photo.jpg` becomes `photo.upreel-4x.png`, `photo.upreel-1920x1080.png`, or `photo.upreel-width1920.png`.
 * @throws UpreelError `usage` for a name that is too long.
 */
export function outputPath(rule: OutputRule, target: Target, networkScale: number): string {
  const path =
    rule.kind === 'file'
      ? rule.path
      : join(rule.folder, `${rule.stem}.upreel-${targetLabel(target, networkScale)}${rule.extension}`);
  checkLength(basename(path));
  checkLength(basename(resultPlace(path)));
  return path;
}

/** Of one name; NTFS counts UTF-16 units, the others bytes. */
const LONGEST_NAME = 255;

function checkLength(name: string): void {
  const isWindows = process.platform === 'win32';
  const length = isWindows ? name.length : Buffer.byteLength(name);
  if (length <= LONGEST_NAME) return;
  const unit = isWindows ? 'characters' : 'bytes';
  throw new UpreelError(
    'usage',
    `The result's name would have ${length} ${unit}, at most ${LONGEST_NAME} are possible: ${name}.`,
    { hint: 'Choose a shorter one with -o.' },
  );
}

function targetLabel(target: Target, networkScale: number): string {
  switch (target.kind) {
    case 'native':
      return `${networkScale}x`;
    case 'scale':
      return `${target.scale}x`;
    case 'size':
      return `${target.size.width}x${target.size.height}`;
    case 'side':
      return `${target.side}${target.px}`;
  }
}

/** Whether a file has the name of a result, or of what upreel leaves beside one while it works. */
export function isResultName(path: string): boolean {
  return RESULT_NAME.test(path);
}

const RESULT_NAME = /\.upreel-(\d+(\.\d+)?x|\d+x\d+|(width|height|short)\d+)\.[a-z0-9]+$|(^|[/\\])\.upreel-/i;

/**
 * Size of the result in pixels. A size that was asked for is fitted inside, keeping the aspect.
 * Never less than one pixel.
 */
export function targetSize(source: Size, target: Target, networkScale: number): Size {
  const factor = targetFactor(source, target, networkScale);
  return {
    width: Math.max(1, Math.round(source.width * factor)),
    height: Math.max(1, Math.round(source.height * factor)),
  };
}

function targetFactor(source: Size, target: Target, networkScale: number): number {
  switch (target.kind) {
    case 'native':
      return networkScale;
    case 'scale':
      return target.scale;
    case 'size':
      return Math.min(target.size.width / source.width, target.size.height / source.height);
    case 'side':
      return target.px / lengthOf(source, target.side);
  }
}

/** In pixels. */
export function lengthOf({ width, height }: Size, side: Side): number {
  return { width, height, short: Math.min(width, height) }[side];
}
