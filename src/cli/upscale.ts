import type { TaskEvent } from '../core/events.ts';
import type { OutputRule } from '../core/output-name.ts';
import { chooseDevice, type EngineNetwork } from '../job/index.ts';
import { expandInputs, type Input } from './inputs.ts';
import { queueingOf } from './job-options.ts';
import { planOutputs } from './outputs.ts';
import { type FileTask, runCommand } from './run-command.ts';
import { networkSettings, parseUpscaleFlags, targetOf, type UpscaleFlags } from './upscale-options.ts';
import { videoSettings } from './video-settings.ts';

/**
 * `upreel INPUT...`: upscales each input in turn; a failure of one does not stop the others.
 * @returns the exit code; every error has been reported.
 */
export function runUpscale(paths: readonly string[], rawFlags: Record<string, unknown>): Promise<number> {
  return runCommand(rawFlags, paths.length, async (context) => {
    const flags = parseUpscaleFlags(rawFlags);
    const inputs = await expandInputs(paths, flags.output);
    const rules = await planOutputs(inputs, flags.output);
    const network = await decideNetwork(flags, context);
    return {
      tasks: inputs.map((input, index) => taskFor(input, rules[index]!, flags, network)),
      stallSeconds: flags.stallSeconds,
      queueing: queueingOf(flags),
    };
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

function taskFor(input: Input, output: OutputRule, flags: UpscaleFlags, network: EngineNetwork): FileTask {
  const target = targetOf(flags);
  if (input.kind === 'video') {
    return { kind: 'video', network, request: { input: input.path, output, target, settings: videoSettings(flags) } };
  }
  const { overwrite, strip, effort, maxInputMegapixels } = flags;
  return {
    kind: 'image',
    network,
    request: {
      ...{ input: input.path, output, target, overwrite, strip, effort, maxInputMegapixels },
      quality: flags.quality ?? null,
      flatten: flags.flatten ?? null,
    },
  };
}
