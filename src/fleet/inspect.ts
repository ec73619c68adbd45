import { asUpreelError } from '../core/errors.ts';
import { openSharedStore } from '../store/index.ts';
import { readBeats } from './beats.ts';
import type { FleetConnection } from './connection.ts';

/** One thing that a fleet needs, as it is here. */
export interface FleetFinding {
  readonly name: 'version' | 'eviction' | 'persistence' | 'latency' | 'workers' | 'store';
  readonly state: 'good' | 'doubtful' | 'bad' | 'unknown';
  readonly message: string;
  /** What to do; empty if nothing is to be done. */
  readonly hint: string;
}

const PINGS = 20;
/** Each segment asks the server some ten times: more than this is felt with short segments. */
const SLOW_MILLISECONDS = 50;
/** What BullMQ needs. */
const OLDEST_REDIS = [6, 2] as const;

/** Holds a queue, and the store at an address if one is named, against what docs/scale-out.md says of them. */
export async function inspectFleet(
  { redis, keys }: FleetConnection,
  store: string | null,
): Promise<readonly FleetFinding[]> {
  const facts = factsOf(await redis.info());
  const beats = await readBeats({ redis, keys });
  const devices = beats.map(({ name, device }) => `${name} (${device})`).join(', ');
  return [
    versionFinding(facts),
    evictionFinding(facts),
    persistenceFinding(facts),
    await latencyFinding(async () => {
      await redis.ping();
    }),
    beats.length > 0
      ? good('workers', `${beats.length}: ${devices}`)
      : doubtful('workers', 'none is at work', 'Start upreel worker on the machines that are to make films.'),
    ...(store === null ? [] : [await storeFinding(store)]),
  ];
}

type Facts = ReadonlyMap<string, string>;

function factsOf(info: string): Facts {
  const lines = info.split(/\r?\n/).filter((line) => /^\w+:/.test(line));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}

export function versionFinding(facts: Facts): FleetFinding {
  const server = facts.has('valkey_version') ? 'Valkey' : 'Redis';
  const version = facts.get('valkey_version') ?? facts.get('redis_version') ?? '';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (version === '') return { name: 'version', state: 'unknown', message: 'the server does not tell', hint: '' };
  const isOld =
    server === 'Redis' && (major < OLDEST_REDIS[0] || (major === OLDEST_REDIS[0] && minor < OLDEST_REDIS[1]));
  if (!isOld) return good('version', `${server} ${version}`);
  return { name: 'version', state: 'bad', message: `${server} ${version}`, hint: 'Use Redis 6.2 or later, or Valkey.' };
}

export function evictionFinding(facts: Facts): FleetFinding {
  const policy = facts.get('maxmemory_policy') ?? '';
  if (policy === 'noeviction') return good('eviction', 'noeviction');
  const hint = 'Set maxmemory-policy noeviction: a full server must refuse, not forget.';
  if (policy === '') return { name: 'eviction', state: 'unknown', message: 'the server does not tell', hint };
  // Without a limit nothing is evicted yet.
  const state = facts.get('maxmemory') === '0' ? 'doubtful' : 'bad';
  return { name: 'eviction', state, message: policy, hint };
}

export function persistenceFinding(facts: Facts): FleetFinding {
  if (facts.get('aof_enabled') === '1') {
    return facts.get('aof_last_write_status') === 'err'
      ? { name: 'persistence', state: 'bad', message: 'appendonly, whose last write failed', hint: 'Is its disk full?' }
      : good('persistence', 'appendonly');
  }
  const hint = 'Set appendonly yes, or after a crash films must be submitted again (what is in the store is kept).';
  return doubtful('persistence', 'no appendonly file', hint);
}

async function latencyFinding(ask: () => Promise<void>): Promise<FleetFinding> {
  const times: number[] = [];
  for (let ping = 0; ping < PINGS; ping++) {
    const begun = performance.now();
    await ask();
    times.push(performance.now() - begun);
  }
  const median = times.sort((a, b) => a - b)[PINGS >> 1]!;
  const message = `${median.toFixed(1)} ms, at most ${times.at(-1)!.toFixed(1)} ms in ${PINGS}`;
  if (median <= SLOW_MILLISECONDS) return good('latency', message);
  return doubtful('latency', message, 'A far server costs with short segments: --segment-seconds 30 or more.');
}

/** Whether this machine can do there what a worker does. */
async function storeFinding(address: string): Promise<FleetFinding> {
  try {
    const store = await openSharedStore(address);
    await store.probe().finally(() => store.close());
    return good('store', `${store.address} can be written to from here`);
  } catch (error) {
    const { code, message, hint } = asUpreelError(error);
    const all = 'All machines of the fleet must be able to write there, as the user that workers run as.';
    return {
      name: 'store',
      state: 'bad',
      message: `${address}: ${message}`,
      hint: code === 'internal' || hint === '' ? all : hint,
    };
  }
}

function good(name: FleetFinding['name'], message: string): FleetFinding {
  return { name, state: 'good', message, hint: '' };
}

function doubtful(name: FleetFinding['name'], message: string, hint: string): FleetFinding {
  return { name, state: 'doubtful', message, hint };
}
