import { isatty } from 'node:tty';
import { UpreelError } from '../core/errors.ts';
import type { TaskEvent } from '../core/events.ts';
import type { OutputRule } from '../core/output-name.ts';
import { chooseDevice, type EngineNetwork } from '../job/index.ts';
import { expandInputs, type Input } from './inputs.ts';
import { planOutputs } from './outputs.ts';
import { type FileTask, runCommand } from './run-command.ts';
import { networkSettings, parseUpscaleFlags, targetOf, type UpscaleFlags } from './upscale-options.ts';
import { videoSettings } from './video-settings.ts';

/**
 * `upreel INPUT...`: upscales each input in turn; a failure of one does not stop the others.
 * @returns the exit code; every error has been reported.
 */
export function runUpscale(paths: readonly string[], rawFlags: Record<string, unknown>): Promise<number> {
  // Standard input is no keyboard then.
  const shown = paths.includes('-') ? { ...rawFlags, tui: false } : rawFlags;
  return runCommand(shown, paths.length, async (context) => {
    const flags = parseUpscaleFlags(rawFlags);
    if (paths.includes('-') && isatty(0)) {
      throw new UpreelError('usage', 'Standard input is a terminal, expected Y4M from a pipe.', {
        hint: 'For example: ffmpeg -i FILE -f yuv4mpegpipe - | upreel - -o OUTPUT.mkv',
      });
    }
    if (flags.output === '-' && isatty(1)) {
      throw new UpreelError('usage', 'Standard output is a terminal, expected a pipe or a file for Y4M.', {
        hint: 'For example: upreel FILE -o - | ffmpeg -i - OUTPUT.mkv',
      });
    }
    const inputs = await expandInputs(paths, flags.output);
    const rules = await planOutputs(inputs, flags.output, flags.encoder);
    const network = await decideNetwork(flags, context);
    return {
      tasks: inputs.map((input, index) => taskFor(input, rules[index]!, flags, network)),
      stallSeconds: flags.stallSeconds,
      streams: flags.output === '-' || inputs.some(({ path }) => path === '-'),
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
