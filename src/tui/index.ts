// The view itself (./view.ts) is not here: who needs only safe text and wording must not wait for React to load.
export { countsTiles } from './facts.ts';
export { chooseLook, type Look } from './look.ts';
export { colourDepth } from './picture/cells.ts';
export { CELLS_ONLY, queryGraphics } from './picture/graphics-query.ts';
export { type Painted, paintStrip } from './picture/paint-pair.ts';
export { type Charset, joinText, type SafeText, safeText, text } from './safe-text.ts';
export { fractionDone } from './state.ts';
export { doneSummary, pulledName, stageName } from './summary.ts';
export { columnsOf } from './text-columns.ts';
export {
  bytes,
  count,
  countOf,
  duration,
  finishTime,
  frameRate,
  megapixels,
  percent,
  pictureSize,
  shortDuration,
} from './wording.ts';
