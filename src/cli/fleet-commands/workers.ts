import type { Command } from 'commander';
import { safeText } from '../../tui/index.ts';
import { printText } from '../print-text.ts';
import { toJsonLine } from '../report/report-json.ts';
import { alignColumns } from '../table.ts';
import { addFleetOptions, type FleetFlags, loadFleet, openFleetPlace } from './address.ts';

interface WorkersFlags extends FleetFlags {
  readonly json?: boolean;
}

/** `upreel workers`: who makes a fleet's films now. */
export function addWorkersCommand(program: Command): void {
  addFleetOptions(program.command('workers'))
    .description('the workers of a fleet, and what each is at')
    .option('--json', 'one JSON object per line on standard output')
    .action(listWorkers);
}

/** Lets a worker finish what it has at work and end. @returns false: the fleet has none of that name. */
export async function drainWorker(flags: WorkersFlags, name: string): Promise<boolean> {
  return withFleet(flags, async (fleet) => {
    const worker = (await fleet.workers()).find((beat) => beat.name === name);
    if (worker === undefined || !(await fleet.drainWorker(name))) return false;
    if (flags.json === true) process.stdout.write(toJsonLine({ v: 1, type: 'worker', ...worker, state: 'draining' }));
    else printText(`${safeText(name)} ends after what it has at work.`);
    return true;
  });
}

async function listWorkers(flags: WorkersFlags): Promise<void> {
  await withFleet(flags, async (fleet) => {
    const workers = await fleet.workers();
    if (flags.json === true) {
      for (const worker of workers) process.stdout.write(toJsonLine({ v: 1, type: 'worker', ...worker }));
      return;
    }
    const rows = workers.map(({ name, device, devices, state, film, segment, framesPerSecond, trouble }) => [
      safeText(name),
      safeText(device),
      safeText(devices.join(' ')),
      state,
      film === null ? '' : safeText(segment === null ? film : `${film} segment ${segment + 1}`),
      framesPerSecond === null ? '' : `${framesPerSecond.toFixed(1)} fps`,
      safeText(trouble ?? ''),
    ]);
    const heads = ['WORKER', 'DEVICE', 'SERVES', 'STATE', 'FILM', 'SPEED', ''];
    printText(rows.length === 0 ? 'No worker was heard lately.' : alignColumns([heads, ...rows]));
  });
}

type Fleet = InstanceType<Awaited<ReturnType<typeof loadFleet>>['Fleet']>;

async function withFleet<T>(flags: FleetFlags, ask: (fleet: Fleet) => Promise<T>): Promise<T> {
  const { connection, store } = await openFleetPlace(flags);
  const { Fleet } = await loadFleet();
  const fleet = new Fleet(connection, store);
  try {
    return await ask(fleet);
  } finally {
    await fleet.close();
  }
}
