import type { Progress } from '../../core/events.ts';
import type { JobSnapshot } from '../../job/index.ts';
import { column, EMPTY_LINE, type Line, line, repeatText, span } from '../line.ts';
import type { Look } from '../look.ts';
import { MARGIN, type Sections, stackSections } from '../panel.ts';
import { barRow, factRows, modelRow, outputRow, rateRows, sizesOf, stageRow } from '../rows.ts';
import { joinText, type SafeText, safeText, text, wrapText } from '../safe-text.ts';
import { columnsOf } from '../text-columns.ts';
import { frameRate, rateRange } from '../wording.ts';
import { chartRow, drawChart } from './chart.ts';
import { jobFactRows } from './facts.ts';
import { figuresOf } from './figures.ts';
import { type HistoryView, ratesIn } from './history.ts';
import { barTone, isAlive, isAtWork, stateDetail, stateSymbol, stateTone } from './job-state.ts';
import { drawMachine, type MachineLoad } from './machine.ts';
import { drawStages } from './pipeline.ts';
import { drawSegmentMap, segmentCells, segmentCounts } from './segment-map.ts';
import { workerRows } from './worker-rows.ts';

export interface JobPanelOptions {
  readonly history: HistoryView;
  readonly load: MachineLoad | null;
  readonly columns: number;
  readonly rows: number;
  readonly look: Look;
  readonly now: Date;
}

/** All about one job, as much as there are rows for. */
export function drawJobPanel(job: JobSnapshot, options: JobPanelOptions): readonly Line[] {
  const { columns, rows, look } = options;
  const inner = columns - MARGIN;
  const figures = figuresOf(job);
  // Of a film of a fleet, this machine only looks.
  const loadHere = job.workers === undefined ? options.load : null;
  const sections: Sections = {
    heading: [heading(job, columns, look)],
    model: [jobModelRow(job, inner, look)],
    output: [outputRow(job.output, inner, look)],
    stages: hasStages(job) ? [stageRow('video', job.progress?.stage ?? 'prepare', look)] : [],
    bar: [barRow(figures.fraction, inner, look, barTone(job.state))],
    error: errorRows(job, inner, look),
    facts: factRows(jobFactRows(job, figures, options.now), LABEL_COLUMNS, inner),
    pipeline: rows >= PIPELINE_ROWS && isUpscaling(job) ? drawStages(job.progress, inner, look) : [],
    rates: rows < PIPELINE_ROWS && isUpscaling(job) ? rateRows(job.progress, inner) : [],
    segments: segmentRows(job, inner, rows, look),
    workers: workerRows(job.workers ?? [], rows >= 40 ? 12 : rows >= 24 ? 6 : 3, look),
    machine: loadHere === null || !isAlive(job.state) ? [] : drawMachine(loadHere, inner, look),
    warnings: warningRows(job, inner, rows, look),
  };
  // The chart is as high as all others leave room for, and the blank row above it.
  const room = rows - 1 - stackSections(sections, Number.POSITIVE_INFINITY).length;
  const speed = speedRows(job, options.history, inner, Math.min(CHART_ROWS, Math.max(1, room)), look);
  return stackSections({ ...sections, speed }, rows);
}

const CHART_ROWS = 16;
/** With fewer rows, the three stages share one. */
const PIPELINE_ROWS = 12;
/** "segments" and a blank. */
const LABEL_COLUMNS = 9;

function heading(job: JobSnapshot, columns: number, look: Look): Line {
  const { symbols, charset } = look;
  const state = text`${stateSymbol(job.state, look)} ${stateDetail(job)}`;
  const name = safeText(job.input, { charset, maxColumns: Math.max(1, columns - columnsOf(state) - 10) });
  const rest = columns - 2 - columnsOf(state) - columnsOf(name) - 4;
  return [
    span(text`${symbols.rule} `, 'faint'),
    span(state, stateTone(job.state)),
    span(text`  `),
    span(name, 'name'),
    span(text` ${repeatText(symbols.rule, rest)}`, 'faint'),
  ];
}

function jobModelRow({ started, device, model, nice, only }: JobSnapshot, columns: number, look: Look): Line {
  const more = [
    ...(started === null ? [] : [text`   ${sizesOf(started, look)}`]),
    ...(nice > 0 ? [text`   nice ${nice}`] : []),
    ...(only === null ? [] : [text`   only ${safeText(only, { charset: look.charset, maxColumns: 24 })}`]),
  ];
  return modelRow(model, started?.device ?? device, joinText(more), columns, look);
}

function hasStages({ state }: JobSnapshot): boolean {
  return isAtWork(state) || state === 'paused';
}

function errorRows({ error, state }: JobSnapshot, columns: number, look: Look): readonly Line[] {
  const { charset } = look;
  if (error === null || state === 'done' || isAtWork(state)) return [];
  const tone = state === 'failed' ? 'bad' : 'caution';
  const message = wrapText(safeText(error.message, { charset }), columns - 2, 3, charset);
  const hint = wrapText(safeText(error.hint, { charset }), columns - 2, 2, charset);
  return [
    ...message.map((row, index) => [
      span(index === 0 ? text`${stateSymbol(state, look)} ` : text`  `, tone),
      span(row, tone),
    ]),
    ...hint.map((row) => line(text`  ${row}`)),
    EMPTY_LINE,
  ];
}

function isUpscaling(job: JobSnapshot): job is JobSnapshot & { readonly progress: Progress } {
  return isAtWork(job.state) && job.progress?.stage === 'upscale';
}

function segmentRows(job: JobSnapshot, columns: number, rows: number, look: Look): readonly Line[] {
  const cells = segmentCells(job.segments, job.state);
  if (cells.length < 2) return [];
  const mapRows = rows >= 40 ? 4 : rows >= 24 ? 2 : 1;
  return [
    [span(column(text`segments`, LABEL_COLUMNS), 'faint'), ...segmentCounts(cells, look)],
    ...drawSegmentMap(cells, columns, mapRows, look),
  ];
}

function speedRows(
  job: JobSnapshot,
  history: HistoryView,
  columns: number,
  chartRows: number,
  look: Look,
): readonly Line[] {
  if (history.rates.length < 2 || history.most === 0 || !isAlive(job.state)) return [];
  const chartColumns = columns - LABEL_COLUMNS - RATE_COLUMNS;
  const chart = drawChart(ratesIn(history, chartColumns), history.most, chartRows, look);
  const ends = rateLabels(history, chartRows);
  return chart.map((row, index) => [
    span(column(index === 0 ? text`speed` : text``, LABEL_COLUMNS), 'faint'),
    span(column(row, chartColumns), 'active'),
    span(text`  `),
    span(ends.get(index) ?? text``, 'faint'),
  ]);
}

/** "least 0.70 frames/s", and the blanks before it. */
const RATE_COLUMNS = 22;

/** At the heights at which they are drawn; of a chart too low to tell them apart, both on one row. */
function rateLabels({ least, most }: HistoryView, rows: number): ReadonlyMap<number, SafeText> {
  const highest = frameRate(most);
  const lowest = frameRate(least);
  if (lowest === highest) return new Map([[0, highest]]);
  if (rows === 1) return new Map([[0, rateRange(least, most)]]);
  return new Map([
    [0, text`most ${highest}`],
    [Math.max(1, chartRow(least, most, rows)), text`least ${lowest}`],
  ]);
}

/** The newest, each in as many rows as it needs; what there is no room for is counted. */
function warningRows(job: JobSnapshot, columns: number, rows: number, { charset, symbols }: Look): readonly Line[] {
  const most = rows >= 30 ? 8 : rows >= 20 ? 5 : 3;
  const drawn: Line[] = [];
  let hidden = job.warnings.length;
  for (const warning of job.warnings.toReversed()) {
    const left = most - drawn.length;
    const words = wrapText(
      safeText(warning, { charset }),
      Math.max(8, columns - 2),
      drawn.length === 0 ? left : most,
      charset,
    );
    if (words.length > left) break;
    drawn.unshift(
      ...words.map((row, index) => [span(index === 0 ? text`${symbols.warning} ` : text`  `, 'caution'), span(row)]),
    );
    hidden--;
  }
  return hidden === 0 ? drawn : [...drawn, line(text`  ${hidden} more before: l shows the history`, 'faint')];
}
