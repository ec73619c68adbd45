import { type Size, scaleSize } from '../core/geometry.ts';
import type { VideoTarget } from './settings.ts';

/**
 * Size of the result. The sample aspect ratio stays the source's, so the picture's shape stays too.
 * @param multiple sizes other than the network's own are rounded to multiples of this (2 for 4:2:0).
 */
export function planTarget(source: Size, networkScale: number, target: VideoTarget, multiple: number): Size {
  switch (target.kind) {
    case 'network':
      return scaleSize(source, networkScale);
    case 'scale':
      if (target.scale === networkScale) return scaleSize(source, networkScale);
      return roundSize(scaleSize(source, target.scale), multiple);
    case 'fit': {
      const factor = Math.min(target.width / source.width, target.height / source.height);
      const { width, height } = roundSize(scaleSize(source, factor), multiple);
      return { width: Math.min(width, target.width), height: Math.min(height, target.height) };
    }
  }
}

function roundSize(size: Size, multiple: number): Size {
  const round = (length: number) => Math.max(multiple, Math.round(length / multiple) * multiple);
  return { width: round(size.width), height: round(size.height) };
}
