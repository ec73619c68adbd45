import { asUpreelError, toErrorRecord, UpreelError } from '../core/errors.ts';
import type { TaskEvent } from '../core/events.ts';
import { type EngineTask, openTaskQueue } from '../job/index.ts';
import { type Interruption, listenForInterrupts } from './interrupt.ts';
import { chooseReporter, openReporter, type Reporter } from './reporter.ts';

/** What a command wants done: pictures and videos, one after another. */
export interface TaskSource {
  readonly tasks: readonly FileTask[];
  readonly stallSeconds?: number | undefined;
  /** A result that is there already is passed over instead of being an error. */
  readonly skipExisting?: boolean;
  /** A task reads this process's standard input or writes its standard output. */
  readonly streams?: boolean;
}

export type FileTask = Extract<EngineTask, { kind: 'image' | 'video' }>;

interface SourceContext {
  readonly signal: AbortSignal;
  readonly onEvent: (event: TaskEvent) => void;
}

/**
 * Runs the tasks of a command and tells of them as the flags ask.
 * @param find what is to be done; its errors end the command as those of tasks do.
 * @returns the exit code; every error has been reported.
 */
export async function runCommand(
  rawFlags: Record<string, unknown>,
  inputs: number,
  find: (context: SourceContext) => Promise<TaskSource>,
): Promise<number> {
  const interruption = listenForInterrupts();
  const reporter = await reporterFor(rawFlags, inputs, interruption.interrupt);
  try {
    const failure = await runAll(find, reporter, interruption);
    const code = failure?.exitCode ?? 0;
    reporter.exit(code, failure === null ? undefined : toErrorRecord(failure));
    return code;
  } finally {
    await reporter.close();
    interruption.dispose();
  }
}

/** The error that the command ends with, or null. */
async function runAll(
  find: (context: SourceContext) => Promise<TaskSource>,
  reporter: Reporter,
  { signal, drain }: Interruption,
): Promise<UpreelError | null> {
  const onEvent = (event: TaskEvent): void => reporter.event(event);
  try {
    const source = await find({ signal: AbortSignal.any([signal, drain]), onEvent });
    const { tasks, stallSeconds, skipExisting = false, streams = false } = source;
    const queue = openTaskQueue({ streams, ...(stallSeconds !== undefined && { stallSeconds }) });
    const failures: UpreelError[] = [];
    let skipped = 0;
    try {
      for (const task of tasks) {
        const announceDrain = () => reporter.event(DRAINING);
        if (task.kind === 'video') drain.addEventListener('abort', announceDrain, { once: true });
        try {
          await queue.run(task, { signal, drain, onEvent });
        } catch (error) {
          const failure = asUpreelError(error);
          if (skipExisting && failure.code === 'output-exists') {
            skipped++;
            continue;
          }
          reporter.event({ type: 'failed', input: task.request.input, error: toErrorRecord(failure) });
          failures.push(failure);
          if (signal.aborted || drain.aborted || STOPS_ALL.has(failure.code)) return failure;
        } finally {
          drain.removeEventListener('abort', announceDrain);
        }
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
    hint: 'The others are done; see the messages above.',
  });
}

function reporterFor(raw: Record<string, unknown>, inputs: number, onInterrupt: () => void): Promise<Reporter> {
  const { stdin, stderr, env } = process;
  // Standard output may be the film's: whatever is told goes to standard error then.
  const isPiped = raw.output === '-';
  const stdout = isPiped ? stderr : process.stdout;
  const noTui = raw.tui === false || isPiped;
  return openReporter({
    kind: chooseReporter({ json: raw.json === true, noTui, stdoutIsTty: stdout.isTTY, env }),
    ...{ stdout, stderr, stdin, env, onInterrupt, inputsTotal: inputs, verbose: raw.verbose === true },
  });
}
