import type { Progress } from '../../core/events.ts';
import type { JobSnapshot } from '../../job/index.ts';
import { drawBar } from '../bar.tsx';
import type { Look } from '../look.ts';
import { type SafeText, safeText, text, wrapText } from '../safe-text.ts';
import { fitSections } from '../sections.ts';
import { stageName, stagesOf } from '../summary.ts';
import { columnsOf } from '../text-columns.ts';
import type { Tone } from '../tone.tsx';
import { frameRate, percent, pictureSize, rateRange } from '../wording.ts';
import { chartRow, drawChart } from './chart.ts';
import { jobFactRows } from './facts.ts';
import { type Figures, figuresOf } from './figures.ts';
import { type HistoryView, ratesIn } from './history.ts';
import { isAlive, isAtWork, stateDetail, stateSymbol, stateTone } from './job-state.ts';
import { column, EMPTY_LINE, indent, type Line, line, padLine, repeatText, span } from './line.ts';
import { drawMachine, type MachineLoad } from './machine.ts';
import { drawRates, drawStages } from './pipeline.ts';
import { drawSegmentMap, segmentCells, segmentCounts } from './segment-map.ts';

export interface JobPanelOptions {
  readonly history: HistoryView;
  readonly load: MachineLoad | null;
  readonly columns: number;
  readonly rows: number;
  readonly look: Look;
  readonly now: Date;
}

type SectionName =
  | 'model'
  | 'output'
  | 'stages'
  | 'gap-bar'
  | 'bar'
  | 'gap-facts'
  | 'error'
  | 'facts'
  | 'gap-pipeline'
  | 'pipeline'
  | 'rates'
  | 'gap-segments'
  | 'segments'
  | 'gap-speed'
  | 'speed'
  | 'gap-machine'
  | 'machine'
  | 'gap-warnings'
  | 'warnings';

/** All about one job, as much as there are rows for; what matters least goes first. */
export function drawJobPanel(job: JobSnapshot, options: JobPanelOptions): readonly Line[] {
  const { columns, rows, look } = options;
  const inner = columns - 2;
  const figures = figuresOf(job);
  const parts: Record<SectionName, readonly Line[]> = {
    model: modelRow(job, inner, look),
    output: [outputRow(job, inner, look)],
    stages: stageRow(job, look),
    'gap-bar': [EMPTY_LINE],
    bar: [barRow(job, figures, inner, look)],
    'gap-facts': [EMPTY_LINE],
    error: errorRows(job, inner, look),
    facts: factRows(job, figures, options.now, inner),
    'gap-pipeline': [EMPTY_LINE],
    pipeline: rows >= PIPELINE_ROWS && isUpscaling(job) ? drawStages(job.progress, inner, look) : [],
    rates: rows < PIPELINE_ROWS && isUpscaling(job) ? drawRates(job.progress, inner) : [],
    'gap-segments': [EMPTY_LINE],
    segments: segmentRows(job, inner, rows, look),
    'gap-speed': [EMPTY_LINE],
    speed: [],
    'gap-machine': [EMPTY_LINE],
    machine: options.load === null || !isAlive(job.state) ? [] : drawMachine(options.load, inner, look),
    'gap-warnings': [EMPTY_LINE],
    warnings: warningRows(job, inner, rows, look),
  };
  const others = SECTIONS.reduce((sum, [name]) => sum + parts[name].length, 0);
  parts.speed = speedRows(job, options.history, inner, Math.min(CHART_ROWS, Math.max(1, rows - 1 - others)), look);
  for (const [gap, section] of GAPS) if (parts[section].length === 0) parts[gap] = [];
  const sections = SECTIONS.map(([name, rank]) => ({ name, rank, rows: parts[name].length }));
  const kept = fitSections(sections, rows - 1);
  return [heading(job, columns, look), ...kept.flatMap((name) => parts[name].map((row) => indent(row, 2)))];
}

const CHART_ROWS = 16;
/** With fewer rows, the three stages share one. */
const PIPELINE_ROWS = 12;

/** In their order, with how soon each is given up (`fitSections`). */
const SECTIONS: readonly (readonly [SectionName, number])[] = [
  ['model', 6],
  ['output', 9],
  ['stages', 8],
  ['gap-bar', 14],
  ['bar', 0],
  ['gap-facts', 15],
  ['error', 1],
  ['facts', 2],
  ['gap-pipeline', 16],
  ['pipeline', 5],
  ['rates', 4],
  ['gap-segments', 17],
  ['segments', 3],
  ['gap-speed', 18],
  ['speed', 7],
  ['gap-machine', 19],
  ['machine', 10],
  ['gap-warnings', 20],
  ['warnings', 5],
];

const GAPS: readonly (readonly [SectionName, SectionName])[] = [
  ['gap-pipeline', 'pipeline'],
  ['gap-segments', 'segments'],
  ['gap-speed', 'speed'],
  ['gap-machine', 'machine'],
  ['gap-warnings', 'warnings'],
];

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

function modelRow(job: JobSnapshot, columns: number, look: Look): readonly Line[] {
  const { charset, symbols } = look;
  const device = safeText(job.started?.device ?? job.device, { charset, maxColumns: 24 });
  const sizes =
    job.started === null
      ? text``
      : text`   ${pictureSize(job.started.source)} ${symbols.arrow} ${pictureSize(job.started.target)}`;
  const more = [
    ...(job.nice > 0 ? [text`   nice ${job.nice}`] : []),
    ...(job.only === null ? [] : [text`   only ${safeText(job.only, { charset, maxColumns: 24 })}`]),
  ];
  const tail = [text` on ${device}${sizes}`, ...more].reduce((a, b) => text`${a}${b}`);
  const model = safeText(job.model, { charset, maxColumns: Math.max(8, columns - columnsOf(tail)) });
  return [line(text`${model}${tail}`)];
}

function outputRow(job: JobSnapshot, columns: number, { charset }: Look): Line {
  return line(text`to ${safeText(job.output, { charset, maxColumns: Math.max(1, columns - 3) })}`, 'faint');
}

function stageRow(job: JobSnapshot, { symbols }: Look): readonly Line[] {
  if (!isAtWork(job.state) && job.state !== 'paused') return [];
  const current = job.progress?.stage ?? 'prepare';
  const stages = stagesOf('video', current);
  const reached = stages.indexOf(current);
  return [
    stages.map((stage, index) => {
      const [symbol, tone]: [SafeText, Tone] =
        index < reached
          ? [symbols.done, 'good']
          : index === reached
            ? [symbols.running, 'active']
            : [symbols.waiting, 'faint'];
      return span(text`${symbol} ${stageName(stage)}   `, tone);
    }),
  ];
}

function barRow(job: JobSnapshot, { fraction }: Figures, columns: number, look: Look): Line {
  const { full, rest } = drawBar(fraction ?? 0, Math.max(4, columns - 10), look.symbols.barSteps);
  return [
    span(full, isAtWork(job.state) ? 'active' : job.state === 'done' ? 'good' : 'faint'),
    span(rest, 'faint'),
    span(column(percent(fraction), 10, 'right'), 'name'),
  ];
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

function factRows(job: JobSnapshot, figures: Figures, now: Date, columns: number): readonly Line[] {
  const facts = jobFactRows(job, figures, now);
  const perRow = Math.max(1, Math.floor(columns / FACT_COLUMNS));
  const width = Math.floor(columns / perRow);
  return Array.from({ length: Math.ceil(facts.length / perRow) }, (_, row) =>
    facts
      .slice(row * perRow, (row + 1) * perRow)
      .flatMap(({ label, value, tone }) => [
        span(column(label, LABEL_COLUMNS), 'faint'),
        ...padLine(line(value, tone ?? 'plain'), width - LABEL_COLUMNS),
      ]),
  );
}

const LABEL_COLUMNS = 9;
/** A label and "12,340,000 of 43,200,000", or "2 h 5 min to 3 h 40 min". */
const FACT_COLUMNS = 35;

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
