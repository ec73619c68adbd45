import type { Command } from 'commander';
import { UpreelError } from '../../core/errors.ts';
import type { TaskEvent } from '../../core/events.ts';
import {
  type EngineNetwork,
  type EngineResult,
  type EngineTask,
  filmNetwork,
  openRestartingEngine,
} from '../../engine/index.ts';
import { attemptToken, type SharedFilm, type SharedStore } from '../../store/index.ts';
import { listenForInterrupts } from '../interrupt.ts';
import { openStore, type StoreFlags } from './address.ts';
import { addMachineOptions, machineNetwork, ownWorkerName } from './machine.ts';
import { numberIn } from './number-in.ts';

type PartFlags = StoreFlags & Readonly<Record<string, unknown>>;

/**
 * `upreel segment` and `upreel join`: what workers do, one piece at a time and without a queue, for whoever has a
 * scheduler of his own (GNU parallel, Slurm).
 */
export function addPartCommands(program: Command): void {
  const store = [
    '--store <place>',
    'the folder that all machines see, or s3://bucket/prefix (or UPREEL_STORE)',
  ] as const;
  const segment = program.command('segment <film> <number>').option(...store);
  addMachineOptions(segment);
  segment
    .description('make one segment of a submitted film, counted from 1; what is there already is left')
    .action((film: string, number: string, flags: PartFlags) => makeOne(film, number, flags));
  program
    .command('join <film>')
    .description('join a submitted film whose segments are all made')
    .option(...store)
    .action((film: string, flags: PartFlags) => join(film, flags));
}

async function makeOne(id: string, number: string, flags: PartFlags): Promise<void> {
  const index = numberIn('The number of a segment', number, 1, 9_999_999) - 1;
  await withFilm(id, flags, async ({ store, film, network, run }) => {
    const result = await run({ kind: 'segment', network, index, ...attempt(store, id) });
    if (result.kind !== 'segment') throw new UpreelError('internal', `Expected a segment, got ${result.kind}.`);
    const { frames, isNew } = result.segment;
    say(`${id} segment ${index + 1} of ${film.segments.length}: ${frames} frames${isNew ? '' : ' (was there)'}`);
  });
}

async function join(id: string, flags: PartFlags): Promise<void> {
  await withFilm(id, flags, async ({ store, network, run }) => {
    const result = await run({ kind: 'ending', network, ...attempt(store, id) });
    if (result.kind !== 'ending') throw new UpreelError('internal', `Expected an ending, got ${result.kind}.`);
    const { missing, frames } = result.ended;
    if (missing.length > 0) {
      const numbers = missing.slice(0, 5).map((index) => index + 1);
      throw new UpreelError(
        'usage',
        `${missing.length} segments are not made: ${numbers.join(', ')}${missing.length > 5 ? ', ...' : ''}.`,
        {
          hint: `Make them first: upreel segment ${id} ${numbers[0]}`,
        },
      );
    }
    await store.removeFilm(id);
    say(`${id}: ${frames} frames joined`);
  });
}

interface Work {
  readonly store: SharedStore;
  readonly film: SharedFilm;
  readonly network: EngineNetwork;
  readonly run: (task: EngineTask) => Promise<EngineResult>;
}

async function withFilm(id: string, flags: PartFlags, work: (context: Work) => Promise<void>): Promise<void> {
  const machine = await machineNetwork(flags);
  const store = await openStore(flags);
  const film = await store.readFilm(id);
  const interruption = listenForInterrupts();
  const signal = AbortSignal.any([interruption.signal, interruption.drain]);
  const engine = openRestartingEngine({});
  try {
    const network = await filmNetwork(store, film, machine, signal);
    await work({ store, film, network, run: (task) => engine.run(task, { signal, onEvent: warn }) });
  } finally {
    await engine.close();
    await store.close();
    interruption.dispose();
  }
}

function attempt(store: SharedStore, film: string) {
  return { store: store.address, film, token: attemptToken(), worker: ownWorkerName() };
}

function warn(event: TaskEvent): void {
  if (event.type === 'warning') process.stderr.write(`upreel: warning: ${JSON.stringify(event.message)}\n`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
