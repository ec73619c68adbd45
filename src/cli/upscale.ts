import { asUpreelError, toErrorRecord, UpreelError } from '../core/errors.ts';
import type { TaskEvent } from '../core/events.ts';
import type { OutputRule } from '../core/output-name.ts';
import { chooseDevice, type EngineNetwork, type EngineTask, openTaskQueue } from '../job/index.ts';
import { expandInputs, type Input } from './inputs.ts';
import { listenForInterrupts } from './interrupt.ts';
import { planOutputs } from './outputs.ts';
import { chooseReporter, openReporter, type Reporter } from './reporter.ts';
import { networkSettings, parseUpscaleFlags, targetOf, type UpscaleFlags } from './upscale-options.ts';
import { videoSettings } from './video-settings.ts';

/**
 * `upreel INPUT...`: upscales each input in turn; a failure of one does not stop the others.
 * @returns the exit code; every error has been reported.
 */
export async function runUpscale(paths: readonly string[], rawFlags: Record<string, unknown>): Promise<number> {
  const interruption = listenForInterrupts();
  const reporter = await reporterFor(rawFlags, paths.length, interruption.interrupt);
  try {
    const failure = await upscaleAll(paths, rawFlags, reporter, interruption.signal);
    const code = failure?.exitCode ?? 0;
    reporter.exit(code, failure === null ? undefined : toErrorRecord(failure));
    return code;
  } finally {
    await reporter.close();
    interruption.dispose();
  }
}

/** The error that the command ends with, or null. */
async function upscaleAll(
  paths: readonly string[],
  rawFlags: Record<string, unknown>,
  reporter: Reporter,
  signal: AbortSignal,
): Promise<UpreelError | null> {
  const queue = openTaskQueue();
  try {
    const flags = parseUpscaleFlags(rawFlags);
    const inputs = await expandInputs(paths, flags.output);
    const rules = await planOutputs(inputs, flags.output);
    const onEvent = (event: TaskEvent): void => reporter.event(event);
    const network = await decideNetwork(flags, { signal, onEvent });
    const failures: UpreelError[] = [];
    for (const [index, input] of inputs.entries()) {
      try {
        await queue.run(taskFor(input, rules[index]!, flags, network), { signal, onEvent });
      } catch (error) {
        const failure = asUpreelError(error);
        reporter.event({ type: 'failed', input: input.path, error: toErrorRecord(failure) });
        failures.push(failure);
        if (signal.aborted || STOPS_ALL.has(failure.code)) return failure;
      }
    }
    return summary(failures, inputs.length);
  } catch (error) {
    return asUpreelError(error);
  } finally {
    await queue.close();
  }
}

/** What would meet every further input in the same way. */
const STOPS_ALL = new Set([
  'disk-full',
  'model-missing',
  'model-download-failed',
  'model-refused',
  'model-unsupported',
  'ffmpeg-missing',
]);

function summary(failures: readonly UpreelError[], total: number): UpreelError | null {
  if (failures.length === 0) return null;
  if (total === 1) return failures[0]!;
  return new UpreelError('some-failed', `${failures.length} of ${total} inputs failed.`, {
    hint: 'The others are done; see the messages above.',
  });
}

async function decideNetwork(
  flags: UpscaleFlags,
  context: { readonly signal: AbortSignal; readonly onEvent: (event: TaskEvent) => void },
): Promise<EngineNetwork> {
  const settings = networkSettings(flags);
  const { device, warnings } = await chooseDevice(settings, context);
  for (const message of warnings) context.onEvent({ type: 'warning', code: 'device', message });
  return { ...settings, device };
}

function taskFor(input: Input, output: OutputRule, flags: UpscaleFlags, network: EngineNetwork): EngineTask {
  const target = targetOf(flags);
  if (input.kind === 'video') {
    return { kind: 'video', network, request: { input: input.path, output, target, settings: videoSettings(flags) } };
  }
  const { overwrite, strip, maxInputMegapixels } = flags;
  return {
    kind: 'image',
    network,
    request: {
      ...{ input: input.path, output, target, overwrite, strip, maxInputMegapixels },
      quality: flags.quality ?? null,
      flatten: flags.flatten ?? null,
    },
  };
}

function reporterFor(raw: Record<string, unknown>, inputs: number, onInterrupt: () => void): Promise<Reporter> {
  const { stdout, stderr, stdin, env } = process;
  return openReporter({
    kind: chooseReporter({ json: raw.json === true, noTui: raw.tui === false, stdoutIsTty: stdout.isTTY, env }),
    ...{ stdout, stderr, stdin, env, onInterrupt, inputsTotal: inputs, verbose: raw.verbose === true },
  });
}
