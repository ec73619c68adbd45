import { join } from 'node:path';
import {
  checkPlugInFolder,
  type Finding,
  fillPlugInFolder,
  type PlugInConfig,
  type PlugInFolder,
  removePlugInFolder,
} from '../plug-in/index.ts';
import { PLUG_IN, plugInFiles, SCRIPT } from './plug-in-files.ts';
import type { GimpProfile } from './profiles.ts';

/** Puts the plug-in into profiles; what was there of it before is replaced. @returns the plug-in's folders */
export async function installPlugIn(profiles: readonly GimpProfile[], config: PlugInConfig): Promise<string[]> {
  const files = await plugInFiles(config);
  const places = profiles.map(placeIn);
  for (const place of places) await fillPlugInFolder(place, files);
  return places.map(({ folder }) => folder);
}

/** @returns the folders that were there and are gone */
export async function uninstallPlugIn(profiles: readonly GimpProfile[]): Promise<string[]> {
  const removed: string[] = [];
  for (const place of profiles.map(placeIn)) {
    if (await removePlugInFolder(place)) removed.push(place.folder);
  }
  return removed;
}

/** Looks at everything that has to be right for the plug-in of a profile to work. */
export function checkPlugIn(profile: GimpProfile): Promise<Finding[]> {
  const { folder } = placeIn(profile);
  return checkPlugInFolder({ folder, install: 'upreel gimp install', filesFor: plugInFiles });
}

function placeIn({ folder }: GimpProfile): PlugInFolder {
  return { folder: join(folder, 'plug-ins', PLUG_IN), mark: SCRIPT };
}
