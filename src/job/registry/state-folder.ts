import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import envPaths from 'env-paths';

/** Where jobs are listed and queue: `$XDG_STATE_HOME/upreel`, or what the platform has for it. */
export interface StateFolder {
  /** One small file for each job. */
  readonly jobs: string;
  /** One empty file for each job that waits for a device. */
  readonly queue: string;
}

export function stateFolder(): StateFolder {
  const paths = envPaths('upreel', { suffix: '' });
  // On Linux `log` is the state directory; elsewhere logs are something that people clean away.
  const root = process.platform === 'linux' ? paths.log : paths.data;
  return { jobs: join(root, 'jobs'), queue: join(root, 'queue') };
}

/** Makes the folders, readable for their owner alone. */
export async function makeStateFolder(): Promise<StateFolder> {
  const state = stateFolder();
  for (const folder of [state.jobs, state.queue]) await mkdir(folder, { recursive: true, mode: 0o700 });
  return state;
}
