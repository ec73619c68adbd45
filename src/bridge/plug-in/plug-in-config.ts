import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ownFile } from '../../core/files/own-files.ts';
import type { PlugInFile } from './plug-in-folder.ts';

const CONFIG_FILE = 'bridge-config.json';

const configSchema = z.object({ node: z.string(), cli: z.string(), stateFile: z.string() });

/** Where a plug-in finds upreel: PATH is not to be trusted, desktop launchers have another one than terminals. */
export type PlugInConfig = Readonly<z.infer<typeof configSchema>>;

/** What every plug-in has beside its own files: its configuration, and the client of the service. */
export async function commonFiles(config: PlugInConfig): Promise<PlugInFile[]> {
  return [
    { name: 'upreel_service.py', content: await readPlugInSource('shared/upreel_service.py'), executable: false },
    { name: CONFIG_FILE, content: Buffer.from(`${JSON.stringify(config, null, 2)}\n`), executable: false },
  ];
}

/** A file below `plugins`. */
export function readPlugInSource(name: string): Promise<Buffer> {
  return readFile(ownFile(`plugins/${name}`));
}

/** null: there is none, or it is not one. */
export async function readPlugInConfig(folder: string): Promise<PlugInConfig | null> {
  try {
    return configSchema.parse(JSON.parse(await readFile(join(folder, CONFIG_FILE), 'utf8')));
  } catch {
    return null;
  }
}

export function isConfig({ name }: PlugInFile): boolean {
  return name === CONFIG_FILE;
}
