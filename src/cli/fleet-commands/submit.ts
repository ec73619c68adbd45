import { type Command, Option } from 'commander';
import { DEVICE_NAMES, type DeviceName } from '../../core/device-name.ts';
import { asUpreelError, toErrorRecord, UpreelError } from '../../core/errors.ts';
import { type EngineNetwork, openRestartingEngine } from '../../engine/index.ts';
import type { Fleet } from '../../fleet/index.ts';
import type { SharedStore } from '../../store/index.ts';
import { safeText } from '../../tui/index.ts';
import type { SubmittedFilm } from '../../video/index.ts';
import { errorText } from '../error-text.ts';
import { readFlagLayers } from '../flags/flag-layers.ts';
import { networkSettings, targetOf, upscaleFlags } from '../flags/upscale-options.ts';
import { videoSettings } from '../flags/video-settings.ts';
import { expandInputs } from '../inputs/inputs.ts';
import { planOutputs } from '../inputs/outputs.ts';
import { listenForInterrupts } from '../interrupt.ts';
import { toJsonLine } from '../report/report-json.ts';
import { openLineWriter } from '../report/report-lines.ts';
import { addFleetOptions, type FleetFlags, loadFleet, openFleet, openStore } from './address.ts';
import { expandStored, type StoredInput } from './stored-inputs.ts';

interface SubmitFlags extends FleetFlags, Record<string, unknown> {
  readonly planOnly?: boolean;
  readonly device?: DeviceName;
}

/** `upreel submit VIDEO...`: films for a fleet. */
export function addSubmitCommand(program: Command): void {
  const command = program
    .command('submit')
    .description('hand films to the machines of a fleet: upreel worker runs there')
    .argument('<video...>', 'videos in the store, folders or patterns of them; s3://...');
  addFleetOptions(command)
    .option('--plan-only', 'queue nothing: upreel segment and upreel join make it')
    .addOption(new Option('--device <device>', 'only workers that have it make the segments').choices(DEVICE_NAMES));
  for (const flag of upscaleFlags()) if (!LOCAL_FLAGS.has(flag.attributeName())) command.addOption(flag);
  command.action(async (paths: string[], flags: SubmitFlags) => {
    process.exitCode = await submit(paths, flags);
  });
}

/** Of one machine: who makes a film decides them for itself. */
const LOCAL_FLAGS = new Set([
  ...['foreground', 'tui', 'bell', 'nice', 'only', 'onDone', 'workDir', 'dryRun', 'device', 'precision', 'gpu', 'tile'],
  ...['memory', 'threads', 'restart', 'compare', 'skipExisting'],
]);

async function submit(paths: readonly string[], flags: SubmitFlags): Promise<number> {
  const { queue: _, store: __, prefix: ___, planOnly, device = null, ...raw } = flags;
  const isJson = flags.json === true;
  const { store, fleet } = await openPlace(flags, planOnly === true);
  const engine = openRestartingEngine({});
  const interruption = listenForInterrupts();
  const signal = AbortSignal.any([interruption.signal, interruption.drain]);
  const [out, words] = [openLineWriter(process.stdout), openLineWriter(process.stderr)];
  const failures: UpreelError[] = [];
  try {
    const layers = await readFlagLayers(raw);
    const own = layers.flagsFor('video');
    const inputs = await inputsOf(paths, store, { output: own.output, recursive: own.recursive });
    const picture = inputs.find(({ kind }) => kind === 'image');
    if (picture !== undefined) {
      throw new UpreelError('usage', `${picture.named} is a picture: a fleet makes films.`, {
        hint: 'Upscale pictures with upreel INPUT... here.',
      });
    }
    if (own.report !== undefined && inputs.length > 1) {
      throw new UpreelError('usage', `One --report cannot tell of ${inputs.length} films.`, {
        hint: 'Submit them one by one, each with a report of its own.',
      });
    }
    const [output, report] = store.isFolder
      ? [own.output, own.report]
      : [nameInBucket(store, '-o', own.output), nameInBucket(store, '--report', own.report)];
    // Folders in a bucket are made by what lies in them.
    const rules = await planOutputs(inputs, output, own.encoder, store.isFolder ? undefined : async () => {});
    const taken = new Set<string>();
    const network: EngineNetwork = { ...networkSettings(own), device: 'cpu' };
    const serving = device === null ? null : await fleet?.workers();
    if (serving?.some(({ devices }) => devices.includes(device!)) === false) {
      words.write(`upreel: warning: No worker has ${device} now: what is submitted waits for one.\n`);
    }
    for (const [index, input] of inputs.entries()) {
      const frames = input.frames === undefined ? null : [...input.frames];
      const settings = { ...videoSettings({ ...own, report }), frames };
      const request = { input: input.named, output: rules[index]!, target: targetOf(own), settings };
      try {
        const task = { kind: 'submit' as const, network, request, store: store.address };
        const result = await engine.run(task, { signal, onEvent: () => {} });
        if (result.kind !== 'submit') throw new UpreelError('internal', `Expected a film, got ${result.kind}.`);
        requireOnce(taken, result.film.output);
        await fleet?.enqueue({ ...result.film, model: network.model, input: input.named, device });
        out.write(isJson ? submittedRecord(input.named, result.film) : submittedLine(input.named, result.film));
      } catch (error) {
        const failure = asUpreelError(error);
        if (signal.aborted || inputs.length === 1) throw failure;
        failures.push(failure);
        words.write(
          `${safeText(input.named)}: ${errorText(toErrorRecord(failure), { verbose: flags.verbose === true })}`,
        );
      }
    }
  } finally {
    interruption.dispose();
    await engine.close();
    await fleet?.close();
    await store.close();
    await Promise.all([out.flush(), words.flush()]);
  }
  return failures.length === 0 ? 0 : new UpreelError('some-failed', '').exitCode;
}

/** Files of this machine and what lies in a bucket: each named itself, or by folders and patterns. */
async function inputsOf(
  paths: readonly string[],
  store: SharedStore,
  how: Parameters<typeof expandInputs>[1],
): Promise<readonly StoredInput[]> {
  const stored = [...new Set(paths.filter((path) => path.startsWith('s3://')))];
  const local = paths.filter((path) => !path.startsWith('s3://'));
  const { inputs } = local.length > 0 ? await expandInputs(local, how) : { inputs: [] };
  return [
    ...inputs.map((input): StoredInput => ({ ...input, named: input.path })),
    // Their results are named as if they lay in the folder at hand.
    ...(await expandStored(stored, store, how)),
  ];
}

/** `s3://bucket/prefix/NAME` is NAME, as from the folder at hand. @throws UpreelError `usage`. */
function nameInBucket({ address, isFolder }: SharedStore, what: string, name: string | undefined): string | undefined {
  if (name === undefined || !name.startsWith('s3:')) return name;
  if (name.startsWith(`${address}/`)) return name.slice(address.length + 1);
  throw new UpreelError('usage', `${what} ${name} is not in the store ${address}.`, {
    hint: isFolder
      ? 'Name its bucket as the store: --store s3://bucket/prefix.'
      : 'Films and results lie below the store’s prefix: name a file there.',
  });
}

/** Its plan stays where it is: an earlier command may have queued the same film. @throws UpreelError `usage`. */
function requireOnce(taken: Set<string>, output: string): void {
  if (!taken.has(output)) {
    taken.add(output);
    return;
  }
  throw new UpreelError('usage', `Another film of this command becomes ${output} already.`, {
    hint: 'Run it from a folder above both, or name each result with -o.',
  });
}

/** @returns no fleet where nothing is to be queued */
async function openPlace(flags: FleetFlags, planOnly: boolean): Promise<{ store: SharedStore; fleet: Fleet | null }> {
  if (planOnly) return { store: await openStore(flags), fleet: null };
  const { connection, store } = await openFleet(flags, false);
  const { Fleet } = await loadFleet();
  return { store, fleet: new Fleet(connection, store) };
}

function submittedLine(input: string, { id, frames, segments, output, warnings }: SubmittedFilm): string {
  const made = `${frames} frames in ${segments} ${segments === 1 ? 'segment' : 'segments'}`;
  const lines = [`${id}  ${input}: ${made} -> ${output}`, ...warnings.map((warning) => `  warning: ${warning}`)];
  return lines.map((line) => `${safeText(line)}\n`).join('');
}

function submittedRecord(input: string, film: SubmittedFilm): string {
  return toJsonLine({ v: 1, type: 'submitted', input, ...film, warnings: [...film.warnings] });
}
