import type { Command } from 'commander';
import { UpreelError } from '../../core/errors.ts';
import { printableJson } from '../../core/quiet-json.ts';
import type { WorkerNews } from '../../fleet/index.ts';
import { safeText } from '../../tui/index.ts';
import { lookHere } from '../jobs/jobs-text.ts';
import { openLineWriter } from '../report/report-lines.ts';
import { addFleetOptions, type FleetFlags, loadFleet, openFleet } from './address.ts';
import { addMachineOptions, machineNetwork, ownWorkerName } from './machine.ts';
import { numberIn } from './number-in.ts';

interface WorkerFlags extends FleetFlags, Record<string, unknown> {
  readonly name?: string;
  readonly nice: string;
  readonly lockSeconds: string;
  readonly drainSeconds: string;
  readonly metrics?: string;
  readonly json?: boolean;
}

/** `upreel worker`: makes what a fleet is asked for, until it is told to end. */
export function addWorkerCommand(program: Command): void {
  const command = addFleetOptions(program.command('worker'));
  addMachineOptions(command);
  command
    .description('make segments of the films of a fleet, until it is told to end')
    .option('--name <name>', 'its name in the fleet (default: host and process)')
    .option('--nice <n>', 'how much it yields to other programs, 0 to 19', '0')
    .option('--lock-seconds <s>', 'who has not been heard for as long has lost its segment', '60')
    .option('--drain-seconds <s>', 'how long it may finish its segment when it is told to end', '600')
    .option('--metrics <port>', 'serve metrics for Prometheus on 127.0.0.1')
    .option('--json', 'one JSON object per line on standard output')
    .action(work);
}

async function work(flags: WorkerFlags): Promise<void> {
  const { name = ownWorkerName(), json } = flags;
  const lockSeconds = numberIn('--lock-seconds', flags.lockSeconds, 2, 3600);
  const drainSeconds = numberIn('--drain-seconds', flags.drainSeconds, 0, 86_400);
  const metricsPort = flags.metrics === undefined ? null : numberIn('--metrics', flags.metrics, 0, 65_535);
  const nice = numberIn('--nice', flags.nice, 0, 19);
  if (!/^[\w.-]{1,128}$/.test(name)) {
    throw new UpreelError('usage', `--name cannot be ${name}.`, {
      hint: 'Letters, digits, dots, dashes, underscores.',
    });
  }
  const network = await machineNetwork(flags);
  const { connection, store } = await openFleet(flags, true);
  const ending = listenForEnd(drainSeconds);
  const out = openLineWriter(process.stdout);
  const { charset } = lookHere();
  const onNews = (news: WorkerNews): void => {
    out.write(
      json
        ? `${printableJson({ v: 1, at: new Date().toISOString(), ...news })}\n`
        : `${safeText(newsLine(news), { charset })}\n`,
    );
  };
  const { runWorker } = await loadFleet();
  try {
    await runWorker(
      { name, network, lockSeconds, nice, stallSeconds: 120, metricsPort },
      { connection, store, onNews, drain: ending.drain, signal: ending.signal },
    );
  } finally {
    ending.dispose();
    await connection.close();
    await store.close();
    await out.flush();
  }
  // A connection that BullMQ could not close would keep the process.
  process.exit();
}

/** The first signal lets what is at work be finished, for so long; the second does not. */
function listenForEnd(drainSeconds: number): { drain: AbortSignal; signal: AbortSignal; dispose: () => void } {
  const [drain, abort] = [new AbortController(), new AbortController()];
  let patience: NodeJS.Timeout | undefined;
  const reason = new UpreelError('terminated', 'The worker was told to end.');
  const onSignal = (): void => {
    if (drain.signal.aborted) {
      abort.abort(reason);
      return;
    }
    drain.abort(reason);
    patience = setTimeout(() => abort.abort(reason), 1000 * drainSeconds);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, onSignal);
  return {
    drain: drain.signal,
    signal: abort.signal,
    dispose() {
      clearTimeout(patience);
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}

function newsLine({ type, film, segment, seconds, frames, isNew, message }: WorkerNews): string {
  const what = [film, ...(segment === undefined ? [] : [`segment ${segment + 1}`])].filter(Boolean).join(' ');
  const took = seconds === undefined ? '' : ` in ${seconds.toFixed(1)} s`;
  switch (type) {
    case 'segment':
      return `${what}: ${frames} frames${took}${isNew === false ? ' (was there)' : ''}`;
    case 'film':
      return `${what}: joined${took}`;
    case 'released':
      return `${what}: given back`;
    case 'lost':
      return `${what}: lost. ${message}`;
    case 'failed':
      return `${what}: ${message}`;
    case 'warning':
      return `${what}: warning: ${message}`;
    default:
      return message ?? type;
  }
}
