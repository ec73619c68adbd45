import { chmod, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readStateFile } from '../../src/bridge/index.ts';
import { runInTree, runUpreel, writeGimpProfile } from './gimp-tree.ts';
import { allEnded } from './processes.ts';

/** One line that a script of test/bridge/gimp wrote. */
export interface GimpCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly [fact: string]: unknown;
}

/** A GIMP profile with the plug-in installed, and a state file that no other service has. */
export interface GimpProfileFolder {
  /** Everything of it lies in this folder. */
  readonly folder: string;
  /** What the checks write. */
  readonly pictures: string;
  readonly stateFile: string;
  /** Runs a script of test/bridge/gimp in GIMP without a screen. @throws if it did not come to its end */
  run(script: string, env?: Readonly<Record<string, string>>): Promise<GimpCheck[]>;
  /** Ends the service and removes the folder, unless it is to be kept. */
  close(options?: { readonly keep: boolean }): Promise<void>;
}

/** @param stateFile of a service shared with another profile */
export async function openGimpProfile(stateFile?: string): Promise<GimpProfileFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'upreel-gimp-'));
  await chmod(folder, 0o700);
  const [profile, pictures, home] = ['profile', 'pictures', 'home'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const each of [profile, pictures, home]) await mkdir(each);
  await writeGimpProfile(profile);
  const state = stateFile ?? join(folder, 'state', 'service.json');
  const { code, output } = await runUpreel(['gimp', 'install', '--profile', profile, '--state-file', state]);
  if (code !== 0) throw new Error(output);
  return {
    ...{ folder, pictures, stateFile: state },
    async run(script, env = {}) {
      const program = `import sys; sys.dont_write_bytecode = True; sys.path.insert(0, ${JSON.stringify(SCRIPTS)}); import ${script}`;
      const flags = ['-i', '-d', '-f', '-c', '--batch-interpreter=python-fu-eval', '-b', program, '--quit'];
      const variables = { GIMP3_DIRECTORY: profile, HOME: home, UPREEL_CHECKS: pictures, ...env };
      const ran = await runInTree(['gimp-console', ...flags], variables);
      const lines = await readFile(join(pictures, 'checks.jsonl'), 'utf8').catch(() => '');
      const checks = lines.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as GimpCheck]));
      if (checks.at(-1)?.name !== 'the end') throw new Error(`${script} did not end: ${ran.output.slice(-2000)}`);
      return checks;
    },
    async close({ keep } = { keep: false }) {
      const running = await readStateFile(state);
      if (running !== null) {
        process.kill(running.pid, 'SIGTERM');
        await allEnded([running.pid], 60_000);
      }
      if (!keep) await rm(folder, { recursive: true, force: true });
    },
  };
}

const SCRIPTS = fileURLToPath(new URL('../bridge/gimp', import.meta.url));
