import type { ErrorRecord } from '../../core/errors.ts';
import type { Progress, TaskEvent, TaskStarted } from '../../core/events.ts';
import {
  bytes,
  countOf,
  countsTiles,
  doneSummary,
  duration,
  finishTime,
  fractionDone,
  frameRate,
  joinText,
  type Look,
  megapixels,
  percent,
  pictureSize,
  pulledName,
  type SafeText,
  safeText,
  stageName,
  text,
} from '../../tui/index.ts';
import { errorText } from '../error-text.ts';
import { openLineWriter } from './report-lines.ts';
import type { Reporter } from './reporter.ts';

export interface PlainOptions {
  readonly look: Look;
  readonly intervalSeconds: number;
  readonly verbose: boolean;
  readonly now?: () => Date;
}

/**
 * Whole sentences on stderr, one a line, for logs and screen readers: no symbols, no colours, nothing drawn over. A
 * line at a task's start, then one every `intervalSeconds`, at least one, and one at its end.
 */
export function openPlainReporter(stderr: NodeJS.WritableStream, options: PlainOptions): Reporter {
  const { look, now = () => new Date() } = options;
  const lines = openLineWriter(stderr);
  const say = (line: SafeText) => lines.write(`upreel: ${line}\n`);
  const gapMs = options.intervalSeconds * 1000;
  const warned = new Set<string>();
  const explained = new Set<string>();
  let task: { started: TaskStarted; last: Progress | null; linesSaid: number } | null = null;
  let saidAtMs = 0;
  let pulling: string | null = null;

  return { event, exit, close: () => lines.flush() };

  function event(event: TaskEvent): void {
    switch (event.type) {
      case 'started':
        task = { started: event, last: null, linesSaid: 0 };
        saidAtMs = now().getTime();
        say(startedLine(event, look));
        break;
      case 'progress':
        if (task === null) break;
        task.last = event;
        if (isDue()) sayProgress();
        break;
      case 'warning':
        sayWarning(event.code, event.message);
        break;
      case 'done':
        if (task?.linesSaid === 0) sayProgress();
        say(text`${shown(event.output, look)}: ${doneSummary(event, task?.started.kind ?? 'video')}`);
        task = null;
        break;
      case 'failed':
        task = null;
        say(text`${shown(event.input, look)} failed:`);
        explain(event.error);
        break;
      case 'pull':
        sayPull(event);
        break;
    }
  }

  function exit(_code: number, error?: ErrorRecord): void {
    // An input's own failure has been told already.
    if (error !== undefined && !explained.has(error.message)) explain(error);
  }

  function explain(error: ErrorRecord): void {
    explained.add(error.message);
    lines.write(errorText(error, { verbose: options.verbose, charset: look.charset }));
  }

  function sayProgress(): void {
    if (task === null || task.last === null) return;
    task.linesSaid += 1;
    saidAtMs = now().getTime();
    say(progressLine(task.started, task.last, now(), look));
  }

  function sayWarning(code: string, message: string): void {
    const key = `${code} ${message}`;
    if (warned.has(key) || warned.size >= MAX_WARNINGS) return;
    warned.add(key);
    say(text`warning: ${shown(message, look)}`);
    if (warned.size === MAX_WARNINGS) say(text`warning: further warnings are not shown.`);
  }

  function sayPull(pull: Extract<TaskEvent, { type: 'pull' }>): void {
    const isNew = pulling !== pull.model;
    const isWhole = pull.bytesTotal > 0 && pull.bytesDone >= pull.bytesTotal;
    if (!isNew && !isWhole && !isDue()) return;
    pulling = isWhole ? null : pull.model;
    saidAtMs = now().getTime();
    say(pullLine(pull, isWhole, look));
  }

  function isDue(): boolean {
    const gone = now().getTime() - saidAtMs;
    // A clock that was set back must not silence it.
    return gone >= gapMs || gone < 0;
  }
}

/** A source that warns at every frame must not fill a log. */
const MAX_WARNINGS = 100;

function startedLine(started: TaskStarted, look: Look): SafeText {
  const { source, target, framesTotal } = started;
  const amount =
    started.kind === 'video' && framesTotal !== null ? [text`${framesTotal} frames`] : ([] as readonly SafeText[]);
  return joinText(
    [
      text`${shown(started.input, look)}: ${pictureSize(source)} to ${pictureSize(target)}`,
      ...amount,
      ...(started.framesKept > 0 ? [text`going on after ${started.framesKept} of them`] : []),
      text`${shown(started.model, look)} on ${shown(started.device, look)}`,
      text`output ${shown(started.output, look)}`,
    ],
    text`, `,
  );
}

function progressLine(started: TaskStarted, progress: Progress, now: Date, look: Look): SafeText {
  const framesTotal = progress.framesTotal ?? started.framesTotal;
  const parts = [percent(fractionDone({ started, progress }))];
  if (countsTiles(started, framesTotal)) {
    parts.push(text`${countOf(progress.tilesDone, started.tilesPerFrame)} tiles`);
    parts.push(megapixels(progress.outputPixelsDone, progress.outputPixelsTotal));
  } else {
    parts.push(text`${countOf(progress.framesDone, framesTotal)} frames`);
    if (progress.framesPerSecond !== null) parts.push(frameRate(progress.framesPerSecond));
  }
  if (progress.stage === 'upscale') parts.push(...timeLeft(progress, now));
  else parts.push(text`stage ${stageName(progress.stage)}`);
  if (progress.rssBytes > 0) parts.push(text`memory ${bytes(progress.rssBytes)}`);
  return text`${shown(started.input, look)}: ${joinText(parts, text`, `)}`;
}

function timeLeft(progress: Progress, now: Date): readonly SafeText[] {
  if (progress.secondsLeft === null) return [text`time left: calculating`];
  return [text`${duration(progress.secondsLeft)} left`, text`finish ${finishTime(now, progress.secondsLeft)}`];
}

function pullLine(pull: Extract<TaskEvent, { type: 'pull' }>, isWhole: boolean, look: Look): SafeText {
  const what = pulledName(shown(pull.model, look));
  if (isWhole) return text`fetched ${what}, ${bytes(pull.bytesDone)}`;
  const of = pull.bytesTotal > 0 ? text` of ${bytes(pull.bytesTotal)}` : text``;
  return text`fetching ${what} from ${shown(pull.from, look)}: ${bytes(pull.bytesDone)}${of}`;
}

function shown(raw: string, look: Look): SafeText {
  return safeText(raw, { charset: look.charset });
}
