import type { JobSnapshot } from '../../job/index.ts';
import { beside, EMPTY_LINE, fitLine, type Line, line, lineColumns, span, spread } from '../line.ts';
import type { Look } from '../look.ts';
import { type SafeText, safeText, text, wrapText } from '../safe-text.ts';
import { finishTime } from '../wording.ts';
import { askHint, helpLine, helpRows } from './help.ts';
import { NO_HISTORY } from './history.ts';
import { drawJobList } from './job-list.ts';
import { drawJobPanel } from './job-panel.ts';
import { stateSymbol, stateTone, stateWord } from './job-state.ts';
import { drawLog, logRows } from './log-pane.ts';
import type { MachineLoad } from './machine.ts';
import { type DashboardState, selectedJob, visibleJobs } from './ui-state.ts';

export interface ScreenOptions {
  readonly columns: number;
  readonly rows: number;
  readonly look: Look;
  readonly now: Date;
  readonly load: MachineLoad | null;
  /** Ids of those that this terminal started. */
  readonly ownJobs?: readonly string[];
  /** Above the picture: frame, sizes, zoom. */
  readonly previewCaption: SafeText;
}

/** Cells of the screen, from 0. */
export interface Place {
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
}

export interface Screen {
  /** As many as the terminal has rows. */
  readonly lines: readonly Line[];
  /** Left blank for the preview's picture. */
  readonly picture: Place | null;
}

/** From here on the list stands beside the job, and not above it. */
const WIDE_COLUMNS = 118;
/** Rows from which the history is always shown. */
export const TALL_ROWS = 44;

/** The whole screen, from plain data: the same data, the same screen. */
export function drawScreen(state: DashboardState, options: ScreenOptions): Screen {
  const { columns, rows, look } = options;
  const job = selectedJob(state);
  const notice = noticeLines(state, options);
  const bodyRows = Math.max(0, rows - 3 - notice.length);
  const body = drawBody(state, job, { ...options, rows: bodyRows });
  const lines = [headerLine(state, options), EMPTY_LINE, ...fill(body.lines, bodyRows)];
  lines.push(...notice, helpLine(state, job, columns, look));
  return {
    lines: lines.slice(-rows).map((row) => fitLine(row, columns)),
    picture: body.picture === null ? null : { ...body.picture, row: body.picture.row + 2 },
  };
}

function drawBody(state: DashboardState, job: JobSnapshot | null, options: ScreenOptions): Screen {
  if (state.mode.kind === 'help') return { lines: helpRows(options.look).slice(0, options.rows), picture: null };
  const { columns, look } = options;
  const log = state.log !== null && state.log.id === job?.id ? logRows(state.log.lines, columns, look) : null;
  const paneRows = logPaneRows(state, job, log, options);
  const above = { ...options, rows: options.rows - paneRows };
  const main = columns >= WIDE_COLUMNS ? drawWide(state, job, above) : drawStacked(state, job, above);
  if (paneRows === 0) return main;
  const pane = drawLog(log, columns, paneRows, look);
  return { lines: [...fill(main.lines, above.rows), ...pane], picture: main.picture };
}

function logPaneRows(
  state: DashboardState,
  job: JobSnapshot | null,
  log: readonly Line[] | null,
  { rows, columns }: ScreenOptions,
): number {
  if (job === null || (!state.showsLog && (rows < TALL_ROWS || columns < WIDE_COLUMNS || state.showsPreview))) return 0;
  // As long as it is, within a third of the screen.
  return Math.max(4, Math.min((log?.length ?? 3) + 1, Math.floor(rows / 3)));
}

function drawWide(state: DashboardState, job: JobSnapshot | null, options: ScreenOptions): Screen {
  const { columns, rows, look } = options;
  const left = Math.min(80, Math.max(50, Math.floor(columns * 0.38)));
  const list = drawList(state, left, rows, look);
  const right = columns - left - 2;
  const detail = drawDetail(state, job, { ...options, columns: right });
  const gap = span(text`${look.symbols.divider} `, 'faint');
  const lines = beside(fill(list, rows), fill(detail.lines, rows), left, gap);
  return {
    lines,
    picture: detail.picture === null ? null : { ...detail.picture, column: detail.picture.column + left + 2 },
  };
}

function drawStacked(state: DashboardState, job: JobSnapshot | null, options: ScreenOptions): Screen {
  const { columns, rows, look } = options;
  const jobs = visibleJobs(state).length;
  const most = state.showsPreview ? 3 : Math.max(1, Math.floor(rows / 3));
  const listRows = job === null ? rows : Math.min(Math.max(1, jobs), most);
  const list = drawList(state, columns, listRows, look);
  const detail = drawDetail(state, job, { ...options, rows: rows - listRows - 1 });
  const lines = [...fill(list, listRows), EMPTY_LINE, ...detail.lines];
  return {
    lines,
    picture: detail.picture === null ? null : { ...detail.picture, row: detail.picture.row + listRows + 1 },
  };
}

function drawList(state: DashboardState, columns: number, rows: number, look: Look): readonly Line[] {
  const empty = state.jobs.length === 0 ? text`no jobs: upreel VIDEO begins one` : text`no job passes the filter`;
  return drawJobList(visibleJobs(state), { selected: state.selected, columns, rows, look, empty });
}

function drawDetail(state: DashboardState, job: JobSnapshot | null, options: ScreenOptions): Screen {
  if (job === null || options.rows < 1) return { lines: [], picture: null };
  if (state.showsPreview) {
    const picture = { row: 1, column: 0, rows: Math.max(0, options.rows - 1), columns: options.columns };
    return { lines: fill([line(text` ${options.previewCaption}`, 'faint')], options.rows), picture };
  }
  const history = state.histories.get(job.id) ?? NO_HISTORY;
  return { lines: drawJobPanel(job, { ...options, history }), picture: null };
}

/** "upreel  ▸ 3 running  · 2 queued", what the list leaves out and how it is sorted, and the time. */
function headerLine(state: DashboardState, { columns, look, now }: ScreenOptions): Line {
  const filter =
    state.filter === ''
      ? []
      : [
          span(text`   only `, 'faint'),
          span(safeText(state.filter, { charset: look.charset, maxColumns: 20 }), 'name'),
        ];
  const order = columns >= 50 ? [span(text`by ${SORT_WORDS[state.sort]}   `, 'faint')] : [];
  const right = [...order, span(text`${finishTime(now, 0)} `)];
  const withWords = stateCounts(state.jobs, look, true);
  const room = columns - lineColumns([...filter, ...right]) - 9;
  const counts = lineColumns(withWords) <= room ? withWords : stateCounts(state.jobs, look, false);
  return spread([span(text` upreel`, 'name'), ...counts, ...filter], right, columns);
}

function stateCounts(jobs: readonly JobSnapshot[], look: Look, hasWords: boolean): Line {
  return HEADER_ORDER.flatMap((state) => {
    const amount = jobs.filter((job) => job.state === state).length;
    if (amount === 0) return [];
    const words = hasWords ? text` ${amount} ${stateWord(state)}` : text` ${amount}`;
    return [span(text`   ${stateSymbol(state, look)}`, stateTone(state)), span(words)];
  });
}

const HEADER_ORDER = [
  ...(['running', 'failed', 'draining', 'paused', 'queued'] as const),
  ...(['resting', 'interrupted', 'cancelled', 'done'] as const),
] as const;

const SORT_WORDS = {
  state: text`state`,
  name: text`name`,
  progress: text`progress`,
  'time left': text`time left`,
  newest: text`age`,
} as const;

function noticeLines(state: DashboardState, { columns, look, ownJobs = [] }: ScreenOptions): readonly Line[] {
  const hint = askHint(state, ownJobs);
  if (hint !== null) {
    return wrapText(hint, columns - 2, 2, look.charset).map((row) => line(text` ${row}`, 'caution'));
  }
  if (state.notice === null) return [];
  const { words, isBad } = state.notice;
  const symbol = isBad ? look.symbols.warning : look.symbols.done;
  const rows = wrapText(safeText(words, { charset: look.charset }), columns - 4, 2, look.charset);
  return rows.map((row, index) => [
    span(index === 0 ? text` ${symbol} ` : text`   `, isBad ? 'caution' : 'good'),
    span(row),
  ]);
}

function fill(lines: readonly Line[], rows: number): readonly Line[] {
  if (lines.length >= rows) return lines.slice(0, rows);
  return [...lines, ...new Array<Line>(rows - lines.length).fill(EMPTY_LINE)];
}
