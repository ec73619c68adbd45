import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  checkPlugInFolder,
  commonFiles,
  type Finding,
  fillPlugInFolder,
  type PlugInConfig,
  type PlugInFile,
  type PlugInFolder,
  readPlugInSource,
  removePlugInFolder,
  writePlugInFile,
} from '../plug-in/index.ts';
import type { KritaFolder } from './folders.ts';

const PLUG_IN = 'upreel_krita';
/** Beside the plug-in's folder: by it Krita knows that there is one. */
const DESKTOP_FILE = `${PLUG_IN}.desktop`;
const MARK = 'extension.py';
const SOURCES = ['__init__.py', MARK, 'upscale.py', 'manual.html'];

/** Puts the plug-in into Krita's folders; what was there of it before is replaced. @returns the plug-in's folders */
export async function installKritaPlugIn(krita: readonly KritaFolder[], config: PlugInConfig): Promise<string[]> {
  const files = await filesFor(config);
  const places = krita.map(placeIn);
  for (const place of places) {
    await fillPlugInFolder(place, files);
    await writePlugInFile(join(place.folder, '..'), await source(DESKTOP_FILE));
  }
  return places.map(({ folder }) => folder);
}

/** @returns the folders that were there and are gone */
export async function uninstallKritaPlugIn(krita: readonly KritaFolder[]): Promise<string[]> {
  const removed: string[] = [];
  for (const place of krita.map(placeIn)) {
    if (!(await removePlugInFolder(place))) continue;
    await rm(join(place.folder, '..', DESKTOP_FILE), { force: true });
    removed.push(place.folder);
  }
  return removed;
}

/** Looks at everything that has to be right for the plug-in to work. */
export function checkKritaPlugIn(krita: KritaFolder): Promise<Finding[]> {
  const { folder } = placeIn(krita);
  const withDesktopFile = async (config: PlugInConfig): Promise<PlugInFile[]> => {
    const desktop = await source(DESKTOP_FILE);
    return [...(await filesFor(config)), { ...desktop, name: `../${DESKTOP_FILE}` }];
  };
  return checkPlugInFolder({ folder, install: 'upreel krita install', filesFor: withDesktopFile });
}

async function filesFor(config: PlugInConfig): Promise<PlugInFile[]> {
  const own = SOURCES.map(async (name) => ({ ...(await source(`${PLUG_IN}/${name}`)), name }));
  return [...(await Promise.all(own)), ...(await commonFiles(config))];
}

async function source(name: string): Promise<PlugInFile> {
  return { name, content: await readPlugInSource(`krita-bridge/${name}`), executable: false };
}

function placeIn({ folder }: KritaFolder): PlugInFolder {
  return { folder: join(folder, 'pykrita', PLUG_IN), mark: MARK };
}
