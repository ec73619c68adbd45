/** Which part of a picture is seen, and how large: the same for every pane. */
export interface Viewport {
  /** The pixel of the picture that is in the middle of a pane. */
  readonly x: number;
  readonly y: number;
  /** Pixels of the screen for a pixel of the picture. */
  readonly scale: number;
}

export interface StageExtent {
  readonly width: number;
  readonly height: number;
}

export const MAX_SCALE = 32;

/** The whole picture, not enlarged beyond what it is unless it is tiny. */
export function fitted(picture: StageExtent, pane: StageExtent): Viewport {
  return { x: picture.width / 2, y: picture.height / 2, scale: fitScale(picture, pane) };
}

function fitScale(picture: StageExtent, pane: StageExtent): number {
  return Math.min(MAX_SCALE, pane.width / picture.width, pane.height / picture.height);
}

/**
 * Zoomed by a factor so that what is at a point of the pane stays there.
 * @param at from the pane's middle, in pixels of the screen
 */
export function zoomed(
  view: Viewport,
  factor: number,
  at: { readonly x: number; readonly y: number },
  picture: StageExtent,
  pane: StageExtent,
): Viewport {
  const least = Math.min(1, fitScale(picture, pane)) / 2;
  const scale = Math.min(MAX_SCALE, Math.max(least, view.scale * factor));
  const moved = 1 / view.scale - 1 / scale;
  return kept({ x: view.x + at.x * moved, y: view.y + at.y * moved, scale }, picture);
}

/** Moved by pixels of the screen. */
export function panned(view: Viewport, dx: number, dy: number, picture: StageExtent): Viewport {
  return kept({ ...view, x: view.x + dx / view.scale, y: view.y + dy / view.scale }, picture);
}

/** The middle of the pane stays on the picture. */
function kept(view: Viewport, { width, height }: StageExtent): Viewport {
  return { ...view, x: Math.min(width, Math.max(0, view.x)), y: Math.min(height, Math.max(0, view.y)) };
}

/** The smallest level of a pyramid that has no fewer pixels than the screen shows of it. */
export function levelFor(scale: number, levels: number): number {
  return Math.min(levels - 1, Math.max(0, Math.floor(Math.log2(1 / scale) + 1e-9)));
}
