import type { Progress, Stage, TaskStarted } from '../core/events.ts';
import { barSpans } from './bar.ts';
import type { Fact } from './facts.ts';
import { column, type Line, line, padLine, span } from './line.ts';
import type { Look } from './look.ts';
import { type SafeText, safeText, text } from './safe-text.ts';
import { stageName, stageRates, stagesOf } from './summary.ts';
import { columnsOf } from './text-columns.ts';
import type { Tone } from './tone.ts';
import { percent, pictureSize } from './wording.ts';

/** The rows of which every view of a task consists. Strings given to them are foreign. */

/** "realesr-general-x4v3 on cpu", and what else is said of it. */
export function modelRow(model: string, device: string, more: SafeText, columns: number, { charset }: Look): Line {
  const rest = text` on ${safeText(device, { charset, maxColumns: 24 })}${more}`;
  const name = safeText(model, { charset, maxColumns: Math.max(8, columns - columnsOf(rest)) });
  return line(text`${name}${rest}`);
}

/** "320x240 → 1280x960" */
export function sizesOf({ source, target }: TaskStarted, { symbols }: Look): SafeText {
  return text`${pictureSize(source)} ${symbols.arrow} ${pictureSize(target)}`;
}

export function outputRow(output: string, columns: number, { charset }: Look): Line {
  return line(text`to ${safeText(output, { charset, maxColumns: Math.max(1, columns - 3) })}`, 'faint');
}

/** "✓ prepare   ▸ upscale   · join   · verify   · publish" */
export function stageRow(kind: TaskStarted['kind'], current: Stage, { symbols }: Look): Line {
  const stages = stagesOf(kind, current);
  const reached = stages.indexOf(current);
  return stages.map((stage, index) => {
    const [symbol, tone]: [SafeText, Tone] =
      index < reached
        ? [symbols.done, 'good']
        : index === reached
          ? [symbols.running, 'active']
          : [symbols.waiting, 'faint'];
    return span(text`${index === 0 ? text`` : text`   `}${symbol} ${stageName(stage)}`, tone);
  });
}

/** @param fraction 0 to 1; null: not known */
export function barRow(fraction: number | null, columns: number, look: Look, tone: Tone = 'active'): Line {
  // "counting" is the longest of what may stand behind the bar.
  const bar = barSpans(fraction, Math.max(4, columns - PERCENT_COLUMNS), look, tone);
  return [...bar, span(column(percent(fraction), PERCENT_COLUMNS, 'right'), 'name')];
}

const PERCENT_COLUMNS = 10;

/** Facts side by side, as many as the width has room for, read row by row. @param labelColumns with a space */
export function factRows(facts: readonly Fact[], labelColumns: number, columns: number): readonly Line[] {
  const perRow = Math.max(1, Math.floor(columns / (labelColumns + VALUE_COLUMNS)));
  const width = Math.floor(columns / perRow);
  return Array.from({ length: Math.ceil(facts.length / perRow) }, (_, row) =>
    facts
      .slice(row * perRow, (row + 1) * perRow)
      .flatMap(({ label, value, tone }) => [
        span(column(label, labelColumns), 'faint'),
        ...padLine(line(value, tone ?? 'plain'), width - labelColumns),
      ]),
  );
}

/** "12,340,000 of 43,200,000" or "2 h 5 min to 3 h 40 min", and a space. */
const VALUE_COLUMNS = 26;

/** What each of the stages that work at the same time could do alone. */
export function rateRows(progress: Progress, columns: number): readonly Line[] {
  const rates = stageRates(progress, columns);
  if (rates.length === 0) return [];
  return [
    rates.flatMap(({ words, isSlowest }, index) => [
      span(index === 0 ? text`` : text`   `),
      span(words, isSlowest ? 'caution' : 'plain'),
    ]),
  ];
}
