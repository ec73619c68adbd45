import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { systemErrorCode, UpreelError } from '../core/errors.ts';
import { Keys } from './names.ts';

/** Where a fleet meets. */
export interface FleetAddress {
  /** redis:// or rediss://, with user and password where the server wants them. */
  readonly url: string;
  /** Of all keys: a tenant's own. */
  readonly prefix: string;
}

export interface FleetConnection {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly prefix: string;
  /** Host and port, for people: never the password. */
  readonly shown: string;
  close(): Promise<void>;
}

const CONNECT_MILLISECONDS = 5000;
const CLOSE_MILLISECONDS = 1000;
/**
 * A server that owes an answer for as long is away, whatever the network says: a cut cable tells nobody. BullMQ's
 * longest question waits for five seconds.
 */
const SILENCE_MILLISECONDS = 15_000;

/**
 * @param patient waits for a server that is away for as long as it takes, as BullMQ's workers must
 * @throws UpreelError `usage` for an address that is none, `queue-unreachable`
 */
export async function connectFleet(address: FleetAddress, patient: boolean): Promise<FleetConnection> {
  const { shown } = checkAddress(address);
  const redis = new Redis(address.url, {
    lazyConnect: true,
    connectTimeout: CONNECT_MILLISECONDS,
    socketTimeout: SILENCE_MILLISECONDS,
    maxRetriesPerRequest: patient ? null : 1,
    enableReadyCheck: true,
    retryStrategy: (times) => (patient ? Math.min(2000, 100 * times) : times > 3 ? null : 200),
  });
  // Told by what is asked, but for why a connection could not be made; without a listener it would end the process.
  let why: unknown;
  redis.on('error', (error) => {
    why = error;
  });
  try {
    await redis.connect();
    await redis.ping();
  } catch (cause) {
    redis.disconnect();
    throw unreachable(shown, why ?? cause);
  }
  return {
    redis,
    keys: new Keys(address.prefix),
    prefix: address.prefix,
    shown,
    async close() {
      await Promise.race([redis.quit().catch(() => {}), sleep(CLOSE_MILLISECONDS, undefined, { ref: false })]);
      redis.disconnect();
    },
  };
}

/** @throws UpreelError `usage` */
export function checkAddress({ url, prefix }: FleetAddress): { readonly shown: string } {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || !['redis:', 'rediss:'].includes(parsed.protocol) || parsed.hostname === '') {
    throw new UpreelError('usage', '--queue is no address of a Redis server.', {
      hint: 'For example: --queue redis://host:6379, or rediss://user:password@host for TLS.',
    });
  }
  if (!/^[\w.-]{1,64}$/.test(prefix)) {
    throw new UpreelError('usage', `The prefix ${prefix} cannot be used.`, {
      hint: 'Letters, digits, dots, dashes and underscores, at most 64.',
    });
  }
  return { shown: `${parsed.hostname}:${parsed.port || '6379'}` };
}

function unreachable(shown: string, cause: unknown): UpreelError {
  const told = `${systemErrorCode(cause) ?? ''} ${cause instanceof Error ? cause.message : String(cause)}`;
  const [, what, hint] = REFUSALS.find(([sign]) => sign.test(told))!;
  return new UpreelError('queue-unreachable', `The Redis server at ${shown} ${what}.`, { hint, cause });
}

/** By what the server or the system says. */
const REFUSALS: readonly (readonly [sign: RegExp, what: string, hint: string])[] = [
  [
    /WRONGPASS|NOAUTH|NOPERM/,
    'does not let upreel in',
    'Give user and password in the address: redis://user:password@host (UPREEL_QUEUE keeps it out of sight).',
  ],
  [
    /CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS/,
    'has a certificate that is not trusted here',
    'NODE_EXTRA_CA_CERTS=FILE names an authority of your own.',
  ],
  [/(?:)/, 'does not answer', 'Does it run, and can this machine reach it? rediss:// is for servers that speak TLS.'],
];
