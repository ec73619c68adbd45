import { readdir } from 'node:fs/promises';
import { ownFile } from '../../core/files/own-files.ts';
import { commonFiles, type PlugInConfig, type PlugInFile, readPlugInSource } from '../plug-in/index.ts';
import { compileCatalogue } from './message-catalogue.ts';

export const PLUG_IN = 'upreel';
/** GIMP runs the file that has the folder's name, if it is executable. */
export const SCRIPT = `${PLUG_IN}.py`;

/** What is copied into `plug-ins/upreel`. */
export async function plugInFiles(config: PlugInConfig): Promise<PlugInFile[]> {
  const scripts = (await namesIn('')).filter((name) => name.endsWith('.py'));
  const catalogues = (await namesIn('locale/')).filter((name) => name.endsWith('.po'));
  return [
    ...(await Promise.all(scripts.map(script))),
    ...(await Promise.all(catalogues.map(catalogue))),
    ...(await commonFiles(config)),
  ];
}

const SOURCE = `gimp-bridge/${PLUG_IN}/`;

function namesIn(folder: string): Promise<string[]> {
  return readdir(ownFile(`plugins/${SOURCE}${folder}`));
}

async function script(name: string): Promise<PlugInFile> {
  return { name, content: await readPlugInSource(`${SOURCE}${name}`), executable: name === SCRIPT };
}

async function catalogue(name: string): Promise<PlugInFile> {
  const content = compileCatalogue((await readPlugInSource(`${SOURCE}locale/${name}`)).toString('utf8'));
  const language = name.slice(0, -'.po'.length);
  return { name: `locale/${language}/LC_MESSAGES/${PLUG_IN}.mo`, content, executable: false };
}
