import { type Line, span } from './line.ts';
import type { Look } from './look.ts';
import { joinText, type SafeText } from './safe-text.ts';
import type { Tone } from './tone.ts';

/** A bar of `columns` columns; an unknown share (null) is drawn empty. */
export function barSpans(fraction: number | null, columns: number, { symbols }: Look, tone: Tone = 'active'): Line {
  const { full, rest } = drawBar(fraction ?? 0, columns, symbols.barSteps);
  return [span(full, tone), span(rest, 'faint')];
}

/** `steps` go from empty to full; the cell at the edge shows how far it is filled. */
export function drawBar(
  fraction: number,
  columns: number,
  steps: readonly SafeText[],
): { readonly full: SafeText; readonly rest: SafeText } {
  const last = steps.length - 1;
  // Rounded down: a full bar means done.
  const filledSteps = Math.floor(Math.min(1, Math.max(0, fraction)) * columns * last + 1e-9);
  const fullCells = Math.floor(filledSteps / last);
  const edge = filledSteps % last;
  const full = [...repeat(steps[last]!, fullCells), ...(edge > 0 ? [steps[edge]!] : [])];
  return { full: joinText(full), rest: joinText(repeat(steps[0]!, columns - full.length)) };
}

function repeat(cell: SafeText, times: number): SafeText[] {
  return new Array<SafeText>(Math.max(0, times)).fill(cell);
}
