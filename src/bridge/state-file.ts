import { lstat, mkdir, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import envPaths from 'env-paths';
import { z } from 'zod';
import { UpreelError } from '../core/errors.ts';
import { writeFileAtomically } from '../core/files/publish.ts';
import { readOwnFile } from '../core/own-folder/index.ts';

/** How clients find the running service: whoever can read this file may use it. */
export const bridgeStateSchema = z.object({
  port: z.int().min(1).max(65_535),
  pid: z.int().min(1),
  token: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  protocol: z.int(),
  version: z.string(),
});
export type BridgeState = z.infer<typeof bridgeStateSchema>;

/** `$XDG_STATE_HOME/upreel/bridge/service.json`, or what the platform has for it. */
export function defaultStateFile(): string {
  return join(envPaths('upreel', { suffix: '' }).log, 'bridge', 'service.json');
}

/**
 * Writes the file with mode 0600, and makes its folder with mode 0700 if there is none, whatever the umask is.
 * @throws UpreelError `place-untrusted` if others may write into the folder: they could put another file in its place.
 */
export async function writeStateFile(file: string, state: BridgeState): Promise<void> {
  const folder = dirname(resolve(file));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await checkFolder(folder);
  await writeFileAtomically(file, `${JSON.stringify(state)}\n`, 0o600);
}

/** null: there is none, or it is not one, or not this user's: it would lead pictures to a service of somebody else. */
export async function readStateFile(file: string): Promise<BridgeState | null> {
  try {
    return bridgeStateSchema.parse(JSON.parse((await readOwnFile(file, { hint: '', maxBytes: 65_536 })) ?? ''));
  } catch {
    return null;
  }
}

/** Removes the file if it still is this service's own. */
export async function removeStateFile(file: string, token: string): Promise<void> {
  if ((await readStateFile(file))?.token === token) await rm(file, { force: true });
}

async function checkFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const { mode, uid } = await lstat(folder);
  const sticky = (mode & 0o1000) !== 0;
  const foreign = uid !== process.getuid?.() && uid !== 0;
  if (foreign || ((mode & 0o022) !== 0 && !sticky)) {
    throw new UpreelError('place-untrusted', `Expected a folder that only you can write to, got ${folder}.`, {
      hint: `chmod 700 ${folder}, or choose another place with --state-file.`,
    });
  }
}
