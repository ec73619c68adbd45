import { randomBytes } from 'node:crypto';
import { UpreelError } from '../core/errors.ts';
import { bridgeClient } from './client.ts';
import { openJobQueue } from './job-queue.ts';
import { LIMITS, type Limits, PROTOCOL_VERSION } from './protocol.ts';
import { openBridgeServer } from './server.ts';
import { type BridgeState, readStateFile, removeStateFile, writeStateFile } from './state-file.ts';
import { openWarmEngine } from './warm-engine.ts';

export interface ServeOptions {
  readonly stateFile: string;
  readonly version: string;
  /** Ends by itself after so long without a request; 0: never. */
  readonly idleSeconds: number;
  readonly signal: AbortSignal;
  readonly limits?: Partial<Limits>;
  readonly onListening?: (state: Pick<BridgeState, 'port' | 'pid'>) => void;
}

const CHECK_MILLISECONDS = 500;

/**
 * Runs the service until it has been idle for long enough, another one took its state file over, or `signal` aborts.
 * @throws UpreelError `job-running` if one runs already; the reason of the abort.
 */
export async function serve(options: ServeOptions): Promise<void> {
  const { stateFile, version, signal } = options;
  await refuseSecond(stateFile);
  const limits = { ...LIMITS, ...options.limits };
  const token = randomBytes(32).toString('base64url');
  const queue = openJobQueue(limits);
  const engine = openWarmEngine();
  let lastUse = Date.now();
  const server = await openBridgeServer({
    queue,
    engine,
    limits,
    token,
    version,
    onUse: () => {
      lastUse = Date.now();
    },
  });
  try {
    const { pid } = process;
    await writeStateFile(stateFile, { port: server.port, pid, token, protocol: PROTOCOL_VERSION, version });
    options.onListening?.({ port: server.port, pid });
    await ending(options, token, () => (queue.length > 0 ? 0 : (Date.now() - lastUse) / 1000));
  } finally {
    await removeStateFile(stateFile, token);
    await server.close();
    await engine.close();
  }
  signal.throwIfAborted();
}

/**
 * Two that start at the same moment both pass: the later state file stands, and the other service gives up when idle.
 */
async function refuseSecond(stateFile: string): Promise<void> {
  const state = await readStateFile(stateFile);
  if (state === null) return;
  const health = await bridgeClient(state)
    .health()
    .catch(() => null);
  if (health === null || health.pid !== state.pid) return;
  throw new UpreelError('job-running', `A service runs already (process ${state.pid}).`, {
    hint: 'Use that one, or give this one a state file of its own with --state-file.',
  });
}

function ending({ stateFile, idleSeconds, signal }: ServeOptions, token: string, idle: () => number): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearInterval(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const check = async (): Promise<void> => {
      if (idleSeconds > 0 && idle() > idleSeconds) return end();
      // Nobody finds this service any more; those who have found it get a moment more.
      if (idle() > RETIRE_SECONDS && (await readStateFile(stateFile))?.token !== token) end();
    };
    const timer = setInterval(() => void check(), CHECK_MILLISECONDS);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
  });
}

const RETIRE_SECONDS = 5;
