import { stat } from 'node:fs/promises';
import { asUpreelError, toErrorRecord, UpreelError } from '../../core/errors.ts';
import type { TaskEvent } from '../../core/events.ts';
import { openRestartingEngine, type RestartingEngine } from '../../engine/index.ts';
import {
  describeWaiting,
  type JobSnapshot,
  type JobSpec,
  type JobState,
  jobIdFor,
  NO_QUEUEING,
  nameJob,
  runJob,
} from '../../job/index.ts';
import { checkFile, checkFilm } from '../inputs/check-source.ts';
import type { FileTask, TaskSource } from '../inputs/task-source.ts';
import { type Interruption, listenForInterrupts } from '../interrupt.ts';
import { DetachedJobs } from '../jobs/detached-jobs.ts';
import { viewJobs } from '../jobs/view-jobs.ts';
import { openReporter } from '../report/open-reporter.ts';
import { type Reporter, type ReporterKind, reporterKind, shownOn } from '../report/reporter.ts';
import { askToConceal, DamagedFilms, overDamage } from './go-over-damage.ts';

interface SourceContext {
  readonly signal: AbortSignal;
  readonly onEvent: (event: TaskEvent) => void;
}

/**
 * Runs the tasks of a command and tells of them as the flags ask. On a terminal, videos go to supervisors of their own,
 * which the terminal then looks at; everywhere else, and with --foreground, it waits for them.
 * Where a film is damaged, the person at a terminal is asked whether to go on with what is there.
 * @param find what is to be done; its errors end the command as those of tasks do.
 * @returns the exit code; every error has been reported.
 */
export async function runCommand(
  rawFlags: Record<string, unknown>,
  inputs: number,
  find: (context: SourceContext) => Promise<TaskSource>,
): Promise<number> {
  const kind = reporterKind(rawFlags);
  const damage = new DamagedFilms();
  const code = await runOnce(kind, rawFlags, inputs, find, damage);
  const { ids } = damage;
  if (ids.length === 0 || kind === 'json' || !(await askToConceal(ids.length))) return code;
  const again = await runOnce(kind, rawFlags, ids.length, () => overDamage(ids), new DamagedFilms());
  return again === 0 && damage.othersFailed ? code : again;
}

async function runOnce(
  kind: ReporterKind,
  rawFlags: Record<string, unknown>,
  inputs: number,
  find: (context: SourceContext) => Promise<TaskSource>,
  damage: DamagedFilms,
): Promise<number> {
  const detached = kind === 'view' && rawFlags.foreground !== true ? new DetachedJobs() : null;
  const interruption = listenForInterrupts();
  const reporter = await reporterFor(kind, rawFlags, inputs, interruption.interrupt);
  let code: number;
  try {
    const failure = await runAll(find, reporter, interruption, detached, damage);
    code = failure?.exitCode ?? 0;
    reporter.exit(code, failure === null ? undefined : toErrorRecord(failure));
  } finally {
    await reporter.close();
    interruption.dispose();
  }
  if (detached === null || detached.ids.length === 0) return code;
  const onEnded = (job: JobSnapshot): void => {
    if (job.error !== null) damage.add(job.error, job.id);
  };
  return (await viewJobs(detached.ids, { rawFlags, startedHere: true, onEnded })) || code;
}

/** The error that the command ends with, or null. @param detached gets the videos, if given. */
async function runAll(
  find: (context: SourceContext) => Promise<TaskSource>,
  reporter: Reporter,
  interruption: Interruption,
  detached: DetachedJobs | null,
  damage: DamagedFilms,
): Promise<UpreelError | null> {
  const { signal, drain } = interruption;
  const onEvent = (event: TaskEvent): void => reporter.event(event);
  try {
    const source = await find({ signal: AbortSignal.any([signal, drain]), onEvent });
    const {
      tasks,
      stallSeconds,
      skipExisting = false,
      compare = false,
      streams = false,
      queueing = NO_QUEUEING,
      dryRun,
    } = source;
    const queue = openRestartingEngine({ streams, stallSeconds, nice: tasks.some(isVideo) ? queueing.nice : 0 });
    const failures: UpreelError[] = [];
    let skipped = 0;
    try {
      for (const task of tasks) {
        let spec: JobSpec | null = null;
        let result: string | null = null;
        const onTaskEvent = (event: TaskEvent): void => {
          if (event.type === 'done') result = event.output;
          onEvent(event);
        };
        const announceDrain = () => reporter.event(DRAINING);
        if (isVideo(task) && detached === null) drain.addEventListener('abort', announceDrain, { once: true });
        try {
          if (dryRun !== undefined) {
            await dryRun(task, signal);
            continue;
          }
          if (isVideo(task) && !isPiped(task)) {
            await checkFilm(task.request.input);
            spec = await nameJob(task, queueing);
          } else if (!isVideo(task)) await checkFile(task.request.input);
          await (spec === null
            ? queue.run(task, { signal, drain, onEvent: onTaskEvent })
            : runVideo(spec, { queue, signal, drain, onEvent }, detached));
          if (compare && task.kind === 'image' && result !== null) {
            const { compareResult } = await import('../compare/compare-result.ts');
            const { input, overwrite } = task.request;
            await compareResult(input, result, { overwrite, signal: AbortSignal.any([signal, drain]), onEvent });
          }
        } catch (error) {
          const failure = asUpreelError(error);
          if (skipExisting && failure.code === 'output-exists' && result === null) {
            skipped++;
            continue;
          }
          reporter.event({ type: 'failed', input: task.request.input, error: toErrorRecord(failure) });
          failures.push(failure);
          damage.add(failure, spec === null ? null : await jobIdFor(spec));
          if (signal.aborted || drain.aborted || STOPS_ALL.has(failure.code)) return failure;
        } finally {
          drain.removeEventListener('abort', announceDrain);
        }
      }
      for (const { input, failure } of (await detached?.start()) ?? []) {
        reporter.event({ type: 'failed', input, error: toErrorRecord(failure) });
        failures.push(failure);
        damage.add(failure, null);
      }
    } finally {
      await queue.close();
    }
    if (skipped > 0) onEvent(skippedNotice(skipped, tasks.length));
    return summary(failures, tasks.length);
  } catch (error) {
    return asUpreelError(error);
  }
}

interface RunningCommand {
  readonly queue: RestartingEngine;
  readonly signal: AbortSignal;
  readonly drain: AbortSignal;
  readonly onEvent: (event: TaskEvent) => void;
}

async function runVideo(spec: JobSpec, command: RunningCommand, detached: DetachedJobs | null): Promise<void> {
  // What is refused at once need not be listed as a job that failed.
  await refuseExisting(spec);
  if (detached !== null) return detached.add(spec);
  const { device } = spec.task.network;
  const { only } = spec.queueing;
  const onState = (state: JobState, place: number | null): void => {
    const message = describeWaiting({ state, place, device, only, id: spec.output });
    if (message !== null) command.onEvent({ type: 'warning', code: state, message });
  };
  await runJob(spec, { ...command, onState });
}

async function refuseExisting({ output, task }: JobSpec): Promise<void> {
  if (task.request.settings.overwrite) return;
  if ((await stat(output).catch(() => null)) === null) return;
  throw new UpreelError('output-exists', `${output} exists already.`, {
    hint: 'Choose another name with -o, or add --overwrite.',
  });
}

/** What goes through a pipe is no job: nobody could take it up again. */
function isPiped({ request }: FileTask): boolean {
  return request.input === '-' || (request.output.kind === 'file' && request.output.path === '-');
}

function isVideo(task: FileTask): task is Extract<FileTask, { kind: 'video' }> {
  return task.kind === 'video';
}

const DRAINING: TaskEvent = {
  type: 'warning',
  code: 'draining',
  message: 'Stopping after the segment at work; once more stops at once, and that segment is made again next time.',
};

/** What would meet every further input in the same way. */
const STOPS_ALL = new Set([
  'disk-full',
  'model-missing',
  'model-download-failed',
  'model-refused',
  'model-unsupported',
  'ffmpeg-missing',
]);

function skippedNotice(skipped: number, total: number): TaskEvent {
  const message = `${skipped} of ${total} inputs skipped: their results exist already.`;
  return { type: 'warning', code: 'skipped', message };
}

function summary(failures: readonly UpreelError[], total: number): UpreelError | null {
  if (failures.length === 0) return null;
  if (total === 1) return failures[0]!;
  return new UpreelError('some-failed', `${failures.length} of ${total} inputs failed.`, {
    hint: failures.length < total ? 'The others are done; see the messages above.' : 'See the messages above.',
  });
}

function reporterFor(
  kind: ReporterKind,
  raw: Record<string, unknown>,
  inputs: number,
  onInterrupt: () => void,
): Promise<Reporter> {
  const { stderr, stdin, env } = process;
  return openReporter({
    kind,
    stdout: shownOn(raw),
    stderr,
    stdin,
    env,
    onInterrupt,
    inputsTotal: inputs,
    verbose: raw.verbose === true,
  });
}
