import { chmod, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UpreelError } from '../../core/errors.ts';
import { writeFileAtomically } from '../../core/publish.ts';
import { PLUG_IN, type PlugInConfig, type PlugInFile, plugInFiles } from './plug-in-files.ts';
import type { GimpProfile } from './profiles.ts';

/** Puts the plug-in into profiles; what was there of it before is replaced. @returns the plug-in's folders */
export async function installPlugIn(profiles: readonly GimpProfile[], config: PlugInConfig): Promise<string[]> {
  const files = await plugInFiles(config);
  const folders: string[] = [];
  for (const profile of profiles) {
    const folder = plugInFolder(profile);
    await refuseForeign(folder);
    for (const file of files) await writeFile(folder, file);
    await removeOthers(folder, files);
    folders.push(folder);
  }
  return folders;
}

/** @returns the folders that were there and are gone */
export async function uninstallPlugIn(profiles: readonly GimpProfile[]): Promise<string[]> {
  const removed: string[] = [];
  for (const profile of profiles) {
    const folder = plugInFolder(profile);
    if (!(await exists(folder))) continue;
    await refuseForeign(folder);
    await rm(folder, { recursive: true });
    removed.push(folder);
  }
  return removed;
}

export function plugInFolder({ folder }: GimpProfile): string {
  return join(folder, 'plug-ins', PLUG_IN);
}

async function writeFile(folder: string, { name, content, executable }: PlugInFile): Promise<void> {
  const path = join(folder, name);
  // Nobody else may put code where GIMP runs it, whatever the umask is.
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await writeFileAtomically(path, content, executable ? 0o755 : 0o644);
  await chmod(path, executable ? 0o755 : 0o644);
}

/** Files of an earlier version; GIMP's Python leaves a cache of its own. */
async function removeOthers(folder: string, files: readonly PlugInFile[]): Promise<void> {
  const kept = new Set(files.map(({ name }) => name.split('/')[0]));
  for (const name of await readdir(folder)) {
    if (!kept.has(name)) await rm(join(folder, name), { recursive: true });
  }
}

/** A folder of this name that is not ours stays as it is. */
async function refuseForeign(folder: string): Promise<void> {
  if (!(await exists(folder)) || (await exists(join(folder, `${PLUG_IN}.py`)))) return;
  if ((await readdir(folder)).length === 0) return;
  throw new UpreelError('output-exists', `${folder} is there already and is not this plug-in.`, {
    hint: 'Move it away and run the command again.',
  });
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}
