import type { Rect, Size } from '../../pixels/geometry.ts';
import { isGrayColour } from './flatten.ts';

export interface PagePlan extends Size {
  /** What it is resampled to (Lanczos); null: nothing. */
  readonly resizeTo: Size | null;
  /**
   * What of that the file shows, in its pixels; beyond it lies the colour of `flatten`, else black or nothing. null:
   * that.
   */
  readonly canvas?: Rect | null;
}

export function writtenSize(page: PagePlan): Size {
  const { width, height } = page.canvas ?? page.resizeTo ?? page;
  return { width, height };
}

interface Layout {
  readonly channels: 1 | 3;
  readonly alpha: boolean;
}

interface RowsPlan {
  readonly pages: readonly PagePlan[];
  readonly flatten: string | null;
}

/**
 * Of the file's pixels, after flattening. A gray picture becomes RGB where the colour behind or around it is no gray.
 */
export function writtenLayout({ channels, alpha, flatten, pages }: Layout & RowsPlan): Layout {
  if (flatten === null) return { channels, alpha };
  const isSeen = alpha || pages.some(isPadded);
  return { channels: isSeen && !isGrayColour(flatten) ? 3 : channels, alpha: false };
}

export function isPadded({ canvas = null, ...page }: PagePlan): boolean {
  if (canvas === null) return false;
  const { width, height } = page.resizeTo ?? page;
  return canvas.width > width || canvas.height > height;
}

export function grows({ width, height, resizeTo }: PagePlan): boolean {
  return resizeTo !== null && (resizeTo.width > width || resizeTo.height > height);
}
