import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Surroundings } from '../plug-in/index.ts';

/** A folder that GIMP 3 keeps a user's settings in. */
export interface GimpProfile {
  readonly folder: string;
  /** Of which packaging: for messages. */
  readonly kind: 'system' | 'Flatpak' | 'Snap' | 'GIMP3_DIRECTORY' | 'given';
}

/** Every GIMP 3.x profile on this machine; GIMP makes one when it is first started. */
export async function findGimpProfiles(surroundings: Surroundings): Promise<GimpProfile[]> {
  const { env } = surroundings;
  const own: GimpProfile[] = env.GIMP3_DIRECTORY ? [{ folder: env.GIMP3_DIRECTORY, kind: 'GIMP3_DIRECTORY' }] : [];
  const found = await Promise.all(
    (await profileParents(surroundings)).map(async ({ folder, kind }) =>
      (await namesIn(folder))
        .filter((name) => /^3\.\d+$/.test(name))
        .map((name) => ({ folder: join(folder, name), kind })),
    ),
  );
  return [...own, ...found.flat()];
}

async function profileParents({ platform, home, env }: Surroundings): Promise<GimpProfile[]> {
  switch (platform) {
    case 'darwin':
      return [{ folder: join(home, 'Library/Application Support/GIMP'), kind: 'system' }];
    case 'win32':
      return [{ folder: join(env.APPDATA ?? join(home, 'AppData/Roaming'), 'GIMP'), kind: 'system' }];
    default: {
      const snaps = join(home, 'snap/gimp');
      const revisions = (await namesIn(snaps)).filter((name) => /^x?\d+$/.test(name));
      return [
        { folder: join(env.XDG_CONFIG_HOME || join(home, '.config'), 'GIMP'), kind: 'system' },
        // Its profile of before it was given ~/.config/GIMP.
        { folder: join(home, '.var/app/org.gimp.GIMP/config/GIMP'), kind: 'Flatpak' },
        ...revisions.map((name): GimpProfile => ({ folder: join(snaps, name, '.config/GIMP'), kind: 'Snap' })),
      ];
    }
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).sort();
}
