import type { ErrorRecord } from '../../core/errors.ts';
import type { Progress, TaskEvent } from '../../core/events.ts';
import { printableJson } from '../../core/quiet-json.ts';
import type { JobSnapshot } from '../../job/index.ts';
import { type ErrorTextOptions, errorText } from '../error-text.ts';
import type { EventRecord } from './events-schema.ts';
import { openLineWriter } from './report-lines.ts';
import { openPace } from './report-pace.ts';
import type { Reporter } from './reporter.ts';

export interface JsonOptions extends ErrorTextOptions {
  /** Milliseconds of a clock that is never set back. */
  readonly now?: () => number;
}

/**
 * One JSON record a line on stdout, for programs (docs/json-events.md); why the run failed also on stderr, for people.
 */
export function openJsonReporter(
  stdout: NodeJS.WritableStream,
  stderr: NodeJS.WritableStream,
  options: JsonOptions = {},
): Reporter {
  const lines = openLineWriter(stdout);
  const words = openLineWriter(stderr);
  const pace = openPace(MIN_GAP_MS, options.now ?? (() => performance.now()));
  return {
    event(event) {
      for (const told of pace(event)) lines.write(toJsonLine(toRecord(told)));
    },
    exit(code, error) {
      lines.write(
        toJsonLine({ v: 1, type: 'exit', code, ...(error === undefined ? {} : { error: toFailure(error) }) }),
      );
      if (error !== undefined) words.write(errorText(error, options));
    },
    async close() {
      await lines.flush();
      await words.flush();
    },
  };
}

/**
 * JSON that a terminal shows and never obeys: beyond what JSON escapes itself, so are DEL, C1, bidi controls and
 * everything else invisible. Readers get the same strings.
 */
export function toJsonLine(record: EventRecord): string {
  return `${printableJson(record)}\n`;
}

/** A job as `upreel jobs --json` and the commands that steer jobs give it. */
export function toJobRecord({ error, workers, ...job }: JobSnapshot): EventRecord {
  const progress = job.progress && toProgress(job.progress);
  const lists = { segments: [...job.segments], warnings: [...job.warnings] };
  const fleet = workers === undefined ? {} : { workers: [...workers] };
  return { v: 1, type: 'job', ...job, ...lists, ...fleet, progress, error: error && toFailure(error) };
}

/** At most two progress records a second. */
const MIN_GAP_MS = 500;

function toRecord(event: TaskEvent): EventRecord {
  if (event.type === 'failed') return { v: 1, ...event, error: toFailure(event.error) };
  if (event.type === 'progress') return { v: 1, ...toProgress(event) };
  return { v: 1, ...event };
}

function toProgress(progress: Progress): Omit<ProgressRecord, 'v'> {
  const { secondsLeftRange: range, queues, stageLoads: loads, ...rest } = progress;
  const lists = { queues: [...queues], ...(loads && { stageLoads: [...loads] }) };
  return { ...rest, ...lists, ...(range && { secondsLeftRange: [...range] }) };
}

type ProgressRecord = Extract<EventRecord, { type: 'progress' }>;

/** Without `detail`: stack traces are for --verbose and the log. */
function toFailure({ code, message, hint }: ErrorRecord): { code: ErrorRecord['code']; message: string; hint: string } {
  return { code, message, hint };
}
