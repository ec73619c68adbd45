import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Files below a folder and their bytes; links are not followed, and what cannot be looked at counts as nothing. */
export async function sizeOfTree(folder: string): Promise<{ readonly files: number; readonly bytes: number }> {
  let [files, bytes] = [0, 0];
  const folders = [folder];
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    for (const entry of await readdir(next, { withFileTypes: true }).catch(() => [])) {
      const path = join(next, entry.name);
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isFile()) {
        files += 1;
        bytes += (await lstat(path).catch(() => null))?.size ?? 0;
      }
    }
  }
  return { files, bytes };
}
