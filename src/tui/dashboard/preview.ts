import type { FramePair, JobSnapshot } from '../../job/index.ts';
import type { Look } from '../look.ts';
import { colourDepth } from '../picture/cells.ts';
import type { Graphics } from '../picture/graphics-query.ts';
import { paintPair } from '../picture/paint-pair.ts';
import { type SafeText, text } from '../safe-text.ts';
import { count, pictureSize } from '../wording.ts';
import type { Overlay } from './full-screen.ts';
import type { PreviewView } from './preview-view.ts';
import type { Place } from './screen.ts';

/** What the pictures are. */
export function previewCaption(pair: FramePair, view: PreviewView, { symbols }: Look): SafeText {
  const sizes = text`${pictureSize(pair.before)} ${symbols.arrow} ${pictureSize(pair.after)}`;
  const zoom = view.zoom === 1 ? text`` : text`, ${view.zoom} times`;
  const order = view.arrangement === 'beside' ? text`, before and after` : text`, left before, right after`;
  return text`frame ${count(pair.frame + 1)}, ${sizes}${order}${zoom}`;
}

/** Why there are none. */
export function noPreviewCaption(job: JobSnapshot | null): SafeText {
  return job?.workers === undefined
    ? text`No frame has been made yet.`
    : text`No finished segment can be seen from here yet: that needs --store, and a folder there.`;
}

/** The pair where the screen has left room for it. @param last given back if it is still right: painting costs */
export function drawPreview(
  pair: FramePair | null,
  view: PreviewView,
  place: Place | null,
  last: Overlay | null,
  terminal: {
    readonly graphics: Graphics;
    readonly look: Look;
    readonly env: Readonly<Record<string, string | undefined>>;
  },
): Overlay | null {
  if (pair === null || place === null || place.rows < 2 || place.columns < 4) return null;
  const { row, column, rows, columns } = place;
  const { frame, before, after } = pair;
  const key = JSON.stringify([frame, before.width, after.width, view, place]);
  if (last?.key === key) return last;
  const { graphics, look, env } = terminal;
  const depth = colourDepth(env, look.colour);
  const content = paintPair(
    pair,
    view,
    { rows, columns: columns - 1 },
    { graphics, depth, isAscii: look.charset === 'ascii' },
  );
  return { key, row, column: column + 1, content };
}
