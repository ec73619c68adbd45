import { chmod, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UpreelError } from '../../core/errors.ts';
import { writeFileAtomically } from '../../core/files/publish.ts';

/** One file of a plug-in as it is to lie in its folder. */
export interface PlugInFile {
  /** With forward slashes. */
  readonly name: string;
  readonly content: Uint8Array;
  readonly executable: boolean;
}

/** A folder that one plug-in has for itself. */
export interface PlugInFolder {
  readonly folder: string;
  /** The file by which a folder is known to be this plug-in's. */
  readonly mark: string;
}

/**
 * Puts a plug-in's files into its folder; what was there of it before is replaced.
 * @throws UpreelError `output-exists` if the folder is there and not this plug-in's
 */
export async function fillPlugInFolder(place: PlugInFolder, files: readonly PlugInFile[]): Promise<void> {
  await refuseForeign(place);
  for (const file of files) await writePlugInFile(place.folder, file);
  await removeOthers(place.folder, files);
}

/** @returns whether it was there. @throws as `fillPlugInFolder` does */
export async function removePlugInFolder(place: PlugInFolder): Promise<boolean> {
  if (!(await exists(place.folder))) return false;
  await refuseForeign(place);
  await rm(place.folder, { recursive: true });
  return true;
}

export async function writePlugInFile(folder: string, { name, content, executable }: PlugInFile): Promise<void> {
  const path = join(folder, name);
  // Nobody else may put code where an editor runs it, whatever the umask is.
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await writeFileAtomically(path, content, executable ? 0o755 : 0o644);
  await chmod(path, executable ? 0o755 : 0o644);
}

/** Files of an earlier version; Python leaves a cache of its own. */
async function removeOthers(folder: string, files: readonly PlugInFile[]): Promise<void> {
  const kept = new Set(files.map(({ name }) => name.split('/')[0]));
  for (const name of await readdir(folder)) {
    if (!kept.has(name)) await rm(join(folder, name), { recursive: true });
  }
}

/** A folder of this name that is not ours stays as it is. */
async function refuseForeign({ folder, mark }: PlugInFolder): Promise<void> {
  if (!(await exists(folder)) || (await exists(join(folder, mark)))) return;
  if ((await readdir(folder)).length === 0) return;
  throw new UpreelError('output-exists', `${folder} is there already and is not this plug-in.`, {
    hint: 'Move it away and run the command again.',
  });
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}
