import { join } from 'node:path';
import type { Size } from './geometry.ts';

/** Where a result goes: a name that was asked for, or one made from the input's once the scale is known. */
export type OutputRule =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'derived'; readonly folder: string; readonly stem: string; readonly extension: string };

/** What was asked for: the network's own scale, another factor, or a size in pixels. */
export type Target =
  | { readonly kind: 'native' }
  | { readonly kind: 'scale'; readonly scale: number }
  | { readonly kind: 'size'; readonly size: Size };

/** `photo.jpg` becomes `photo.upreel-4x.png`, or `photo.upreel-1920x1080.png`. */
export function outputPath(rule: OutputRule, target: Target, networkScale: number): string {
  if (rule.kind === 'file') return rule.path;
  return join(rule.folder, `${rule.stem}.upreel-${targetLabel(target, networkScale)}${rule.extension}`);
}

function targetLabel(target: Target, networkScale: number): string {
  switch (target.kind) {
    case 'native':
      return `${networkScale}x`;
    case 'scale':
      return `${target.scale}x`;
    case 'size':
      return `${target.size.width}x${target.size.height}`;
  }
}

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
  }
}
