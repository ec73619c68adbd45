import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { UpreelError } from '../../core/errors.ts';

/** What is in a folder; names relative to it, sorted, folder by folder. */
export interface Tree {
  readonly files: readonly string[];
  /** With `folders`: those that were seen, but for hidden ones and folders of jobs. */
  readonly folders: readonly string[];
  readonly unreadable: readonly string[];
  /**
   * Files and folders whose names are bytes that no text stands for (no UTF-8), with U+FFFD in place of those; folders
   * end in a slash.
   */
  readonly unnameable: readonly string[];
}

/**
 * Lists a folder and what is up to `depth` folders below it. Links to folders are followed; each folder is visited
 * once, so that loops end. Hidden folders and folders of jobs (`OUTPUT.upreel`) are passed over.
 * @throws UpreelError `input-unreadable` if the folder itself cannot be read.
 */
export async function listTree(root: string, options: { depth: number; folders?: boolean }): Promise<Tree> {
  const files: string[] = [];
  const folders: string[] = [];
  const unreadable: string[] = [];
  const unnameable: string[] = [];
  const visited = new Set<string>();

  async function visit(folder: string, depth: number): Promise<void> {
    const place = join(root, folder);
    const real = await realpath(place).catch(() => place);
    if (visited.has(real)) return;
    visited.add(real);
    const entries = await readdir(place, { encoding: 'buffer' }).catch((cause: unknown) => {
      if (folder === '') throw unreadableFolder(root, cause);
      unreadable.push(place);
      return [];
    });
    const below: string[] = [];
    const names: string[] = [];
    for (const entry of entries) {
      const name = entry.toString();
      if (Buffer.from(name).equals(entry)) names.push(name);
      else if (!(await isFolder(place, entry))) unnameable.push(join(folder, name));
      else if (depth < options.depth || options.folders) unnameable.push(join(folder, name, sep));
    }
    for (const name of names.sort()) {
      const stats = await stat(join(place, name)).catch(() => null);
      const path = join(folder, name);
      if (stats?.isDirectory()) {
        if (!name.startsWith('.') && !name.endsWith('.upreel')) below.push(path);
      } else if (stats !== null) files.push(path);
    }
    folders.push(...below);
    if (depth < options.depth) for (const path of below) await visit(path, depth + 1);
  }

  await visit('', 0);
  return { files, folders: options.folders ? folders : [], unreadable, unnameable };
}

async function isFolder(place: string, name: Buffer): Promise<boolean> {
  const stats = await stat(Buffer.concat([Buffer.from(join(place, sep)), name])).catch(() => null);
  return stats?.isDirectory() ?? false;
}

function unreadableFolder(folder: string, cause: unknown): UpreelError {
  return new UpreelError('input-unreadable', `The folder ${folder} cannot be read.`, {
    hint: 'Check its permissions.',
    cause,
  });
}
