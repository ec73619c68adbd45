import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Surroundings } from '../plug-in/index.ts';

/** A folder that Krita keeps a user's resources in. */
export interface KritaFolder {
  readonly folder: string;
  /** Of which packaging: for messages. */
  readonly kind: 'system' | 'Flatpak' | 'Snap' | 'given';
}

/** Every resource folder of Krita on this machine; Krita makes one when it is first started. */
export async function findKritaFolders(surroundings: Surroundings): Promise<KritaFolder[]> {
  const found = await Promise.all(
    (await possibleFolders(surroundings)).map(async (each) => ((await isFolder(each.folder)) ? [each] : [])),
  );
  return found.flat();
}

async function possibleFolders({ platform, home, env }: Surroundings): Promise<KritaFolder[]> {
  switch (platform) {
    case 'darwin':
      return [{ folder: join(home, 'Library/Application Support/krita'), kind: 'system' }];
    case 'win32':
      return [{ folder: join(env.APPDATA ?? join(home, 'AppData/Roaming'), 'krita'), kind: 'system' }];
    default: {
      const snaps = join(home, 'snap/krita');
      const revisions = (await readdir(snaps).catch(() => [])).filter((name) => /^x?\d+$/.test(name)).sort();
      return [
        { folder: join(env.XDG_DATA_HOME || join(home, '.local/share'), 'krita'), kind: 'system' },
        { folder: join(home, '.var/app/org.kde.krita/data/krita'), kind: 'Flatpak' },
        ...revisions.map((name): KritaFolder => ({ folder: join(snaps, name, '.local/share/krita'), kind: 'Snap' })),
      ];
    }
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() === true;
}
