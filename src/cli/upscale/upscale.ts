import { isatty } from 'node:tty';
import { UpreelError } from '../../core/errors.ts';
import type { TaskEvent } from '../../core/events.ts';
import type { OutputRule } from '../../core/files/output-name.ts';
import { chooseDevice, type EngineNetwork } from '../../engine/index.ts';
import { type FlagLayers, givenFlags, readFlagLayers } from '../flags/flag-layers.ts';
import { checkReach, type InputKind } from '../flags/flag-reach.ts';
import { queueingOf } from '../flags/job-options.ts';
import { pictureSettings } from '../flags/picture-settings.ts';
import { networkSettings, targetOf, type UpscaleFlags } from '../flags/upscale-options.ts';
import { videoSettings } from '../flags/video-settings.ts';
import { checkFile } from '../inputs/check-source.ts';
import type { Input } from '../inputs/input.ts';
import { expandInputs } from '../inputs/inputs.ts';
import { fileNamedBy, planOutputs } from '../inputs/outputs.ts';
import type { FileTask } from '../inputs/task-source.ts';
import { requireTwin } from './denoise-twin.ts';
import { DryRun } from './dry-run.ts';
import { runCommand } from './run-command.ts';

/**
 * `upreel INPUT...`: upscales each input in turn; a failure of one does not stop the others.
 * @returns the exit code; every error has been reported.
 */
export function runUpscale(paths: readonly string[], rawFlags: Record<string, unknown>): Promise<number> {
  // Standard input is no keyboard then.
  const shown = paths.includes('-') || rawFlags.dryRun === true ? { ...rawFlags, tui: false } : rawFlags;
  return runCommand(shown, paths.length, async (context) => {
    const layers = await readFlagLayers(rawFlags);
    const { output, recursive, skipExisting, stallSeconds } = layers.flagsFor('image');
    const dryRun = rawFlags.dryRun === true ? new DryRun(rawFlags.json === true) : null;
    if (dryRun !== null) refusePipes(paths, output);
    refuseTerminals(paths, output);
    const { inputs, warnings } = await expandInputs(paths, { output, recursive });
    for (const message of warnings) context.onEvent({ type: 'warning', code: 'input', message });
    const kinds = new Set(inputs.map(({ kind }) => kind));
    const hasBox = [...kinds].some((kind) => targetOf(layers.flagsFor(kind)).kind === 'size');
    const reach = { kinds, hasBox, file: await fileNamedBy(output, inputs) };
    for (const message of checkReach(givenFlags(rawFlags), reach)) {
      context.onEvent({ type: 'warning', code: 'flags', message });
    }
    const rules = await planOutputs(inputs, output, layers.flagsFor('video').encoder, dryRun?.planFolder);
    const decided = dryRun === null ? await decideNetworks(layers, await thatAreThere(inputs), context) : [];
    const networks = new Map([...askedNetworks(layers, inputs), ...decided]);
    return {
      tasks: inputs.map((input, index) =>
        taskFor(input, rules[index]!, layers.flagsFor(input.kind), networks.get(input.kind)!),
      ),
      stallSeconds,
      ...(dryRun !== null && { dryRun: dryRun.tell }),
      skipExisting,
      compare: layers.flagsFor('image').compare,
      streams: output === '-' || inputs.some(({ path }) => path === '-'),
      queueing: queueingOf(layers.flagsFor('video')),
    };
  });
}

/** @throws UpreelError `usage`: what comes through a pipe is known only when it has come. */
function refusePipes(paths: readonly string[], output: string | undefined): void {
  if (!paths.includes('-') && output !== '-') return;
  throw new UpreelError('usage', '--dry-run looks at files: it cannot tell what a pipe (-) will bring or take.', {
    hint: 'Name a file, or leave --dry-run out.',
  });
}

/** @throws UpreelError `usage`: Y4M is neither typed nor read by people. */
function refuseTerminals(paths: readonly string[], output: string | undefined): void {
  if (paths.includes('-') && isatty(0)) {
    throw new UpreelError('usage', 'Standard input is a terminal, expected Y4M from a pipe.', {
      hint: 'For example: ffmpeg -i FILE -f yuv4mpegpipe - | upreel - -o OUTPUT.mkv',
    });
  }
  if (output === '-' && isatty(1)) {
    throw new UpreelError('usage', 'Standard output is a terminal, expected a pipe or a file for Y4M.', {
      hint: 'For example: upreel FILE -o - | ffmpeg -i - OUTPUT.mkv',
    });
  }
}

/** For the others nothing is to be fetched; what is wrong with them is said in their turn. */
async function thatAreThere(inputs: readonly Input[]): Promise<readonly Input[]> {
  const areThere = await Promise.all(
    inputs.map(async ({ path, below }) => {
      if (below !== null || path === '-') return true;
      return checkFile(path).then(
        () => true,
        () => false,
      );
    }),
  );
  return inputs.filter((_, index) => areThere[index]);
}

/** Pictures and videos may have networks of their own; each is decided once, and checked before any work. */
async function decideNetworks(
  layers: FlagLayers,
  inputs: readonly Input[],
  context: { readonly signal: AbortSignal; readonly onEvent: (event: TaskEvent) => void },
): Promise<ReadonlyMap<InputKind, EngineNetwork>> {
  const networks = new Map<InputKind, EngineNetwork>();
  for (const kind of new Set(inputs.map((input) => input.kind))) {
    const flags = layers.flagsFor(kind);
    await requireTwin(flags, kind, context);
    const settings = networkSettings(flags);
    const { device, precision, warnings } = await chooseDevice(settings, context);
    for (const message of warnings) context.onEvent({ type: 'warning', code: 'device', message });
    networks.set(kind, { ...settings, device, precision });
  }
  return networks;
}

/** As the flags have it: no device is tried. */
function askedNetworks(layers: FlagLayers, inputs: readonly Input[]): ReadonlyMap<InputKind, EngineNetwork> {
  const kinds = [...new Set(inputs.map((input) => input.kind))];
  return new Map(
    kinds.map((kind) => {
      const settings = networkSettings(layers.flagsFor(kind));
      return [kind, { ...settings, device: settings.device === 'auto' ? 'cpu' : settings.device }];
    }),
  );
}

function taskFor(input: Input, output: OutputRule, flags: UpscaleFlags, network: EngineNetwork): FileTask {
  const target = targetOf(flags);
  if (input.kind === 'video') {
    const settings = { ...videoSettings(flags), frames: input.frames === undefined ? null : [...input.frames] };
    return { kind: 'video', network, request: { input: input.path, output, target, settings } };
  }
  return { kind: 'image', network, request: { input: input.path, output, target, ...pictureSettings(flags) } };
}
