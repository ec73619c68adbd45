import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { ownFile } from '../../core/files/own-files.ts';
import { commonFiles, type PlugInConfig, type PlugInFile, readPlugInSource } from '../plug-in/index.ts';

export const PLUG_IN = 'upreel';
/** GIMP runs the file that has the folder's name, if it is executable. */
export const SCRIPT = `${PLUG_IN}.py`;

/** What is copied into `plug-ins/upreel`. */
export async function plugInFiles(config: PlugInConfig): Promise<PlugInFile[]> {
  const scripts = (await readdir(ownFile(`plugins/${SOURCE}`))).filter((name) => name.endsWith('.py'));
  const catalogues = await readdir(ownFile(CATALOGUES));
  return [
    ...(await Promise.all(scripts.map(script))),
    ...(await Promise.all(catalogues.map(catalogue))),
    ...(await commonFiles(config)),
  ];
}

const SOURCE = `gimp-bridge/${PLUG_IN}/`;
/** One for each language (scripts/build.mjs). */
const CATALOGUES = 'dist/locale/';

async function script(name: string): Promise<PlugInFile> {
  return { name, content: await readPlugInSource(`${SOURCE}${name}`), executable: name === SCRIPT };
}

async function catalogue(file: string): Promise<PlugInFile> {
  const name = `locale/${basename(file, '.mo')}/LC_MESSAGES/${PLUG_IN}.mo`;
  return { name, content: await readFile(ownFile(`${CATALOGUES}${file}`)), executable: false };
}
