/** What of a pair of pictures is looked at. */
export interface PreviewView {
  readonly zoom: 1 | 2 | 4 | 8;
  /** Centre of the region, 0 to 1 of the picture. */
  readonly x: number;
  readonly y: number;
  /** Where the one picture ends and the other begins, 0 to 1 of what is shown. */
  readonly wipe: number;
  readonly arrangement: 'wipe' | 'beside';
}

export type PreviewChange =
  | { readonly type: 'zoom' }
  | { readonly type: 'arrangement' }
  /** In steps. */
  | { readonly type: 'wipe'; readonly by: number }
  | { readonly type: 'move'; readonly x: number; readonly y: number };

export const WHOLE_PREVIEW: PreviewView = { zoom: 1, x: 0.5, y: 0.5, wipe: 0.5, arrangement: 'wipe' };

const ZOOMS = [1, 2, 4, 8] as const;

export function changePreview(view: PreviewView, change: PreviewChange): PreviewView {
  switch (change.type) {
    case 'zoom': {
      const zoom = ZOOMS[(ZOOMS.indexOf(view.zoom) + 1) % ZOOMS.length]!;
      return inside({ ...view, zoom });
    }
    case 'arrangement':
      return { ...view, arrangement: view.arrangement === 'wipe' ? 'beside' : 'wipe' };
    case 'wipe':
      return { ...view, arrangement: 'wipe', wipe: clamp(Math.round((view.wipe + change.by * 0.05) * 20) / 20, 0, 1) };
    case 'move': {
      const step = 0.25 / view.zoom;
      return inside({ ...view, x: view.x + change.x * step, y: view.y + change.y * step });
    }
  }
}

function inside(view: PreviewView): PreviewView {
  const half = 0.5 / view.zoom;
  return { ...view, x: clamp(view.x, half, 1 - half), y: clamp(view.y, half, 1 - half) };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
