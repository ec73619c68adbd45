import envPaths from 'env-paths';
import { systemErrorCode } from '../../core/errors.ts';
import { type OwnFolder, openUserFolder } from '../../core/own-folder/index.ts';

/** `jobs`: one small file for each job. `queue`: one empty file for each job that waits for a device. */
export type StateKind = 'jobs' | 'queue';

/** Where jobs are listed and queue: `$XDG_STATE_HOME/upreel`, or what the platform has for it. */
export function stateRoot(): string {
  const paths = envPaths('upreel', { suffix: '' });
  // On Linux `log` is the state directory; elsewhere logs are something that people clean away.
  return process.platform === 'linux' ? paths.log : paths.data;
}

/**
 * Does something in a folder of the state, which is made for its owner alone if there is none.
 * @throws UpreelError `place-untrusted`; the system's error if it cannot be made.
 */
export async function inState<T>(kind: StateKind, act: (folder: OwnFolder) => Promise<T>): Promise<T> {
  const root = await openUserFolder(stateRoot(), { hint: STATE_HINT, make: true });
  try {
    const folder = await root.child(kind);
    try {
      return await act(folder);
    } finally {
      await folder.close();
    }
  } finally {
    await root.close();
  }
}

/**
 * The same where nothing is to be made.
 * @returns `none` if there is no such folder, or none that this user may enter. @throws UpreelError `place-untrusted`.
 */
export async function inExistingState<T>(kind: StateKind, none: T, act: (folder: OwnFolder) => Promise<T>): Promise<T> {
  try {
    const root = await openUserFolder(stateRoot(), { hint: STATE_HINT, make: false });
    if (root === null) return none;
    try {
      if ((await root.look(kind)) === null) return none;
    } finally {
      await root.close();
    }
    return await inState(kind, act);
  } catch (error) {
    if (['EACCES', 'ENOTDIR', 'EROFS'].includes(systemErrorCode(error) ?? '')) return none;
    throw error;
  }
}

const STATE_HINT = `Make it your own (chown, chmod -R go-w), or name another folder for states with XDG_STATE_HOME.`;
