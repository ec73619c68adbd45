import type { JobSnapshot } from '../../job/index.ts';
import { barSpans } from '../bar.ts';
import { column, type Line, line, padLine, span } from '../line.ts';
import type { Look } from '../look.ts';
import { type SafeText, safeText, text } from '../safe-text.ts';
import { columnsOf } from '../text-columns.ts';
import { percent, shortDuration } from '../wording.ts';
import { type Figures, figuresOf } from './figures.ts';
import { jobNames } from './job-names.ts';
import { barTone, stateDetail, stateSymbol, stateTone } from './job-state.ts';

export interface JobListOptions {
  readonly selected: string | null;
  readonly columns: number;
  readonly rows: number;
  readonly look: Look;
  /** What stands there instead of jobs. */
  readonly empty: SafeText;
}

/** The jobs, one a row, scrolled so that the selected one is seen. */
export function drawJobList(jobs: readonly JobSnapshot[], options: JobListOptions): readonly Line[] {
  const { rows, columns, look, selected } = options;
  if (jobs.length === 0) return rows > 0 ? [[span(text`  `), span(options.empty, 'faint')]] : [];
  const at = Math.max(
    0,
    jobs.findIndex((job) => job.id === selected),
  );
  const fits = jobs.length <= rows;
  // A row tells how many there are above and below.
  const shown = fits ? rows : Math.max(1, rows - 1);
  const top = fits ? 0 : Math.min(Math.max(0, at - Math.floor(shown / 2)), jobs.length - shown);
  const names = jobNames(jobs);
  const lines = jobs
    .slice(top, top + shown)
    .map((job) => drawJob(job, names.get(job.id)!, { look, columns, isSelected: job.id === selected }));
  if (fits || rows < 2) return lines;
  const below = jobs.length - top - shown;
  return [...lines, line(text`    ${top} above, ${below} below`, 'faint')];
}

function drawJob(
  job: JobSnapshot,
  name: string,
  { look, columns, isSelected }: { look: Look; columns: number; isSelected: boolean },
): Line {
  const figures = figuresOf(job);
  const barColumns = columns >= 150 ? 40 : columns >= 90 ? 24 : columns >= 70 ? 16 : columns >= 60 ? 8 : 0;
  // The selected job's time left stands below too, the name of the others nowhere else.
  const endColumns = columns >= 50 ? END_COLUMNS : 0;
  const nameColumns = columns - 4 - barColumns - endColumns - 10;
  const tone = stateTone(job.state);
  const raw = safeText(name, { charset: look.charset, maxColumns: Math.max(1, nameColumns) });
  return [
    span(isSelected ? look.symbols.pointer : text` `, 'active'),
    span(text`${stateSymbol(job.state, look)} `, tone),
    span(column(raw, nameColumns + 1), isSelected ? 'name' : 'plain'),
    ...barSpans(figures.fraction, barColumns, look, barTone(job.state)),
    span(column(percent(figures.fraction), 8, 'right')),
    span(text`  `),
    ...padLine(ending(job, figures), endColumns),
  ];
}

/** "rests outside 22:00-07:00" is cut, "2 h 5 min-3 h 40 min" and "queued, 12th" are not. */
const END_COLUMNS = 19;

/** The time left while it upscales, else the state in words. */
function ending(job: JobSnapshot, { secondsLeft, secondsLeftRange }: Figures): Line {
  if (job.state !== 'running') return line(stateDetail(job), stateTone(job.state));
  if (job.progress?.stage !== 'upscale') {
    const left = secondsLeft === null ? text`` : text`, ${shortDuration(secondsLeft)}`;
    return line(text`${stateDetail(job)}${left}`, 'plain');
  }
  const words = secondsLeft === null ? text`calculating` : leftWords(secondsLeft, secondsLeftRange);
  return line(words, secondsLeft === null ? 'faint' : 'plain');
}

function leftWords(secondsLeft: number, range: Figures['secondsLeftRange']): SafeText {
  if (range === null) return text`${shortDuration(secondsLeft)} left`;
  const words = text`${shortDuration(range[0])}-${shortDuration(range[1])}`;
  return columnsOf(words) <= END_COLUMNS ? words : text`about ${shortDuration(secondsLeft)}`;
}
