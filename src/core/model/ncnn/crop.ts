import type { Extent } from '../graph/extent.ts';
import type { Value } from '../graph/graph.ts';
import { refused } from '../import/refusal.ts';
import { type LayerContext, margin, only, unsupportedSetting } from './layer-context.ts';

/**
 * Crop in its two forms: offsets with a second input that gives the size, or starts and ends (counted from the far
 * side) along named axes.
 */
export function translateCrop(context: LayerContext): Value {
  const { layer, inputs, builder } = context;
  const { settings } = layer;
  for (const key of [2, 3, 4, 5, 6, 7, 8]) {
    const value = settings.number(key, 0);
    if (value !== 0 && value !== NOT_SET) throw unsupportedSetting(context, `setting ${key}`);
  }
  const label = `layer ${layer.name} (Crop)`;
  const [starts, ends, axes] = [settings.array(9), settings.array(10), settings.array(11)];
  if (starts.length === 0) {
    const [input, reference] = inputs;
    if (input === undefined || reference === undefined || inputs.length !== 2) {
      throw refused(`${label} has ${inputs.length} inputs, not two.`);
    }
    const [from, to] = [builder.shapeOf(input), builder.shapeOf(reference)];
    const [left, top] = [margin(context, 0, 0), margin(context, 1, 0)];
    const bottom = leftOver(from.height, to.height, top);
    const right = leftOver(from.width, to.width, left);
    if (from.channels !== to.channels || bottom === undefined || right === undefined) {
      throw refused(`${label} cuts to a size that its input does not hold.`);
    }
    return builder.append({ op: 'crop', input, padding: { top, left, bottom, right } }, label);
  }
  const [rows, columns] = [-2, -1].map((axis) => {
    const index = axes.findIndex((it) => it === axis || it === axis + 3);
    return index === -1 ? { start: 0, end: 0 } : { start: starts[index] ?? 0, end: ends[index] ?? 0 };
  });
  const isPlain =
    axes.length === starts.length && axes.length === ends.length && axes.every((axis) => axis !== 0 && axis !== -3);
  const margins = [rows!.start, columns!.start, -rows!.end, -columns!.end];
  if (!isPlain || !margins.every((it) => Number.isInteger(it) && it >= 0 && it <= 1024)) {
    throw unsupportedSetting(context, `the cut ${starts} to ${ends} along ${axes}`);
  }
  const [top = 0, left = 0, bottom = 0, right = 0] = margins;
  return builder.append({ op: 'crop', input: only(context), padding: { top, left, bottom, right } }, label);
}

const NOT_SET = -233;

/** What remains of an axis behind the part that is kept, or undefined if that is no fixed number. */
function leftOver(from: Extent, to: Extent, start: number): number | undefined {
  const left = from.offset - start - to.offset;
  return from.numerator * to.denominator === to.numerator * from.denominator && left >= 0 ? left : undefined;
}
