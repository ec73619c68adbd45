import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { compileCatalogue } from './message-catalogue.ts';

/** One file of the plug-in as it is to lie in its folder. */
export interface PlugInFile {
  /** With forward slashes. */
  readonly name: string;
  readonly content: Uint8Array;
  readonly executable: boolean;
}

export const PLUG_IN = 'upreel';
export const CONFIG_FILE = 'bridge-config.json';

/** Where the plug-in finds upreel: PATH is not to be trusted, desktop launchers have another one than terminals. */
export interface PlugInConfig {
  readonly node: string;
  readonly cli: string;
  readonly stateFile: string;
}

/** What is copied into `plug-ins/upreel`. */
export async function plugInFiles(config: PlugInConfig): Promise<PlugInFile[]> {
  const own = fileURLToPath(new URL('../../../plugins/gimp-bridge/upreel/', import.meta.url));
  const shared = fileURLToPath(new URL('../../../plugins/shared/', import.meta.url));
  const names = (await readdir(own)).filter((name) => name.endsWith('.py'));
  const read = async (folder: string, name: string): Promise<PlugInFile> => ({
    ...{ name, content: await readFile(`${folder}${name}`), executable: name === `${PLUG_IN}.py` },
  });
  return [
    ...(await Promise.all(names.map((name) => read(own, name)))),
    await read(shared, 'upreel_service.py'),
    ...(await catalogues(`${own}locale/`)),
    { name: CONFIG_FILE, content: Buffer.from(`${JSON.stringify(config, null, 2)}\n`), executable: false },
  ];
}

async function catalogues(folder: string): Promise<PlugInFile[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.po'));
  return Promise.all(
    names.map(async (name) => ({
      name: `locale/${name.slice(0, -'.po'.length)}/LC_MESSAGES/${PLUG_IN}.mo`,
      content: compileCatalogue(await readFile(`${folder}${name}`, 'utf8')),
      executable: false,
    })),
  );
}
