import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { bridgeClient } from '../client.ts';
import { readStateFile } from '../state-file.ts';
import { plugInFolder } from './install.ts';
import { CONFIG_FILE, PLUG_IN, type PlugInConfig, plugInFiles } from './plug-in-files.ts';
import type { GimpProfile } from './profiles.ts';

/** One thing that was looked at. `mend` says what to do; null: it is as it should be. */
export interface Finding {
  readonly what: string;
  readonly mend: string | null;
}

/** Looks at everything that has to be right for the plug-in of a profile to work. */
export async function checkPlugIn(profile: GimpProfile): Promise<Finding[]> {
  const folder = plugInFolder(profile);
  if ((await stat(folder).catch(() => null)) === null) {
    return [bad(`The plug-in is not in ${folder}.`, 'Run: upreel gimp install')];
  }
  const config = await readConfig(folder);
  if (config === null) return [bad(`${join(folder, CONFIG_FILE)} cannot be read.`, 'Run: upreel gimp install')];
  return [
    ok(`The plug-in is in ${folder}.`),
    await checkFiles(folder, config),
    await checkExecutable(folder),
    await checkProgram(config),
    await checkService(config),
  ];
}

const configSchema = z.object({ node: z.string(), cli: z.string(), stateFile: z.string() });

async function readConfig(folder: string): Promise<PlugInConfig | null> {
  try {
    return configSchema.parse(JSON.parse(await readFile(join(folder, CONFIG_FILE), 'utf8')));
  } catch {
    return null;
  }
}

async function checkFiles(folder: string, config: PlugInConfig): Promise<Finding> {
  for (const { name, content } of await plugInFiles(config)) {
    if (name === CONFIG_FILE) continue;
    const there = await readFile(join(folder, name)).catch(() => null);
    if (there === null || Buffer.compare(there, content) !== 0) {
      return bad(`${name} is ${there === null ? 'missing' : 'of another version'}.`, 'Run: upreel gimp install');
    }
  }
  return ok('Its files are those of this upreel.');
}

async function checkExecutable(folder: string): Promise<Finding> {
  const script = join(folder, `${PLUG_IN}.py`);
  const { mode } = await stat(script).catch(() => ({ mode: 0 }));
  if (process.platform === 'win32' || (mode & 0o100) !== 0) return ok('GIMP may run it.');
  return bad(`${script} is not executable: GIMP does not see it.`, `Run: chmod +x '${script}', or upreel gimp install`);
}

async function checkProgram({ node, cli }: PlugInConfig): Promise<Finding> {
  try {
    const { stdout } = await promisify(execFile)(node, [cli, '--version'], { timeout: 20_000 });
    return ok(`It starts upreel ${stdout.trim()} with ${node}.`);
  } catch {
    return bad(
      `upreel cannot be started with ${node} ${cli}.`,
      'Node.js or upreel has moved. Run: upreel gimp install',
    );
  }
}

async function checkService({ stateFile }: PlugInConfig): Promise<Finding> {
  const state = await readStateFile(stateFile);
  if (state === null) return ok('The service is not running; the plug-in starts it when it is needed.');
  try {
    const { version, pid } = await bridgeClient(state).health();
    return ok(`The service runs: upreel ${version}, process ${pid}.`);
  } catch {
    return ok('The service has ended without cleaning up; the plug-in starts it anew when it is needed.');
  }
}

function ok(what: string): Finding {
  return { what, mend: null };
}

function bad(what: string, mend: string): Finding {
  return { what, mend };
}
