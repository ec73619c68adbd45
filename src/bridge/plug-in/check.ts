import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bridgeClient } from '../client.ts';
import { readStateFile } from '../state-file.ts';
import { isConfig, type PlugInConfig, readPlugInConfig } from './plug-in-config.ts';
import type { PlugInFile } from './plug-in-folder.ts';

/** One thing that was looked at. `mend` says what to do; null: it is as it should be. */
export interface Finding {
  readonly what: string;
  readonly mend: string | null;
}

export interface PlugInCheck {
  readonly folder: string;
  /** The command that puts everything right. */
  readonly install: string;
  readonly filesFor: (config: PlugInConfig) => Promise<readonly PlugInFile[]>;
}

/** Looks at everything that has to be right for a plug-in to find its service. */
export async function checkPlugInFolder({ folder, install, filesFor }: PlugInCheck): Promise<Finding[]> {
  const mend = `Run: ${install}`;
  if ((await stat(folder).catch(() => null)) === null) return [bad(`The plug-in is not in ${folder}.`, mend)];
  const config = await readPlugInConfig(folder);
  if (config === null) return [bad(`The plug-in’s bridge-config.json in ${folder} cannot be read.`, mend)];
  return [
    ok(`The plug-in is in ${folder}.`),
    ...(await checkFiles(folder, await filesFor(config), mend)),
    await checkProgram(config, mend),
    await checkService(config),
  ];
}

async function checkFiles(folder: string, files: readonly PlugInFile[], mend: string): Promise<Finding[]> {
  const others = files.filter((file) => !isConfig(file));
  for (const { name, content } of others) {
    const there = await readFile(join(folder, name)).catch(() => null);
    if (there === null || Buffer.compare(there, content) !== 0) {
      return [bad(`${name} is ${there === null ? 'missing' : 'of another version'}.`, mend)];
    }
  }
  return [
    ok('Its files are those of this upreel.'),
    ...(await Promise.all(others.map(checkExecutable(folder, mend)))).flat(),
  ];
}

function checkExecutable(folder: string, mend: string): (file: PlugInFile) => Promise<Finding[]> {
  return async ({ name, executable }) => {
    if (!executable) return [];
    const script = join(folder, name);
    const { mode } = await stat(script).catch(() => ({ mode: 0 }));
    if (process.platform === 'win32' || (mode & 0o100) !== 0) return [ok('It may be run.')];
    return [bad(`${script} is not executable: it is not seen.`, `${mend}, or: chmod +x '${script}'`)];
  };
}

async function checkProgram({ node, cli }: PlugInConfig, mend: string): Promise<Finding> {
  try {
    const { stdout } = await promisify(execFile)(node, [cli, '--version'], { timeout: 20_000 });
    return ok(`It starts upreel ${stdout.trim()} with ${node}.`);
  } catch {
    return bad(`upreel cannot be started with ${node} ${cli}.`, `Node.js or upreel has moved. ${mend}`);
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
