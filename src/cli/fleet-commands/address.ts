import type { Command } from 'commander';
import { UpreelError } from '../../core/errors.ts';
import type { FleetConnection } from '../../fleet/index.ts';
import { type JobFeed, openJobFeed } from '../../job/index.ts';
import { openSharedStore, type SharedStore } from '../../store/index.ts';
import { readConfigFile } from '../flags/config-file.ts';

/** Where a fleet meets, as flags say. */
export interface FleetFlags {
  readonly queue?: string;
  readonly store?: string;
  readonly prefix?: string;
}

export type StoreFlags = Pick<FleetFlags, 'store'>;

interface FleetPlace {
  readonly url: string;
  readonly prefix: string;
  readonly store: string | null;
}

export function addFleetOptions(command: Command): Command {
  return command
    .option('--queue <address>', 'the fleet’s Redis server: redis://host:6379 (or UPREEL_QUEUE)')
    .option('--store <place>', 'the folder that all its machines see, or s3://bucket/prefix (or UPREEL_STORE)')
    .option('--prefix <name>', 'of its keys, where several fleets share a server');
}

/** Whether a command is about a fleet. The environment alone does not say so: `upreel jobs` stays this machine's. */
export function namesFleet({ queue }: FleetFlags): boolean {
  return queue !== undefined;
}

/** Flags over the environment over the configuration's [fleet]. @throws UpreelError `usage` without an address. */
async function placeOf(flags: FleetFlags): Promise<FleetPlace> {
  const { fleet } = await readConfigFile();
  const url = flags.queue ?? process.env.UPREEL_QUEUE ?? fleet.queue;
  if (url === undefined || url === '') {
    throw new UpreelError('usage', 'No queue is named.', {
      hint: 'Add --queue redis://host:6379, set UPREEL_QUEUE, or write queue = "..." under [fleet] in the configuration.',
    });
  }
  const store = flags.store ?? process.env.UPREEL_STORE ?? fleet.store ?? null;
  return { url, prefix: flags.prefix ?? fleet.prefix ?? 'upreel', store };
}

interface OpenFleet<Store> {
  readonly connection: FleetConnection;
  readonly store: Store;
}

/**
 * @param patient waits for a server that goes away, once it was there. @throws UpreelError `usage`,
 * `queue-unreachable`.
 */
export async function openFleet(flags: FleetFlags, patient: boolean): Promise<OpenFleet<SharedStore>> {
  const place = await placeOf(flags);
  const store = await requireStore(place.store);
  const { connectFleet } = await loadFleet();
  return { connection: await connectFleet(place, patient), store };
}

/**
 * Where a fleet meets, and where its store is said to be: whether it is there is to be seen. @throws as `openFleet`.
 */
export async function openQueue(flags: FleetFlags): Promise<OpenFleet<string | null>> {
  const place = await placeOf(flags);
  const { connectFleet } = await loadFleet();
  return { connection: await connectFleet(place, false), store: place.store };
}

/** What is looked at: the films of a fleet, if one is named, else this machine's jobs. */
export function openFeed(flags: FleetFlags): Promise<JobFeed> {
  return namesFleet(flags) ? openFleetFilms(flags) : openJobFeed();
}

/** Without a store, films can be looked at, paused and cancelled. @throws as `openFleet`. */
export async function openFleetPlace(flags: FleetFlags): Promise<OpenFleet<SharedStore | null>> {
  const { store: address } = await placeOf(flags);
  const store = address === null ? null : await openSharedStore(address);
  return { ...(await openQueue(flags)), store };
}

async function openFleetFilms(flags: FleetFlags): Promise<JobFeed> {
  const { connection, store } = await openFleetPlace(flags);
  const { Fleet, openFleetFeed } = await loadFleet();
  return openFleetFeed(new Fleet(connection, store), connection);
}

/** What talks to Redis takes a while to load: only who has a fleet waits for it. */
export function loadFleet(): Promise<typeof import('../../fleet/index.ts')> {
  return import('../../fleet/index.ts');
}

/** The store alone, for work without a queue. @throws UpreelError `usage`. */
export async function openStore(flags: StoreFlags): Promise<SharedStore> {
  const { fleet } = await readConfigFile();
  return requireStore(flags.store ?? process.env.UPREEL_STORE ?? fleet.store ?? null);
}

function requireStore(store: string | null): Promise<SharedStore> {
  if (store !== null) return openSharedStore(store);
  throw new UpreelError('usage', 'No store is named.', {
    hint: 'Add --store FOLDER (all machines of the fleet see it) or --store s3://bucket/prefix, set UPREEL_STORE, or write store = "..." under [fleet].',
  });
}
