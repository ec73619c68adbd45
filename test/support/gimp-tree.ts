import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CLI } from './dist.ts';
import { testModelEnv } from './models.ts';
import { isAlive } from './processes.ts';

/** The tree of scripts/gimp-tree.sh: GIMP 3.0 of Debian 13, or another. */
export const GIMP_TREE = process.env.UPREEL_GIMP_TREE ?? '/tmp/gimp-tree';

const isComplete = () =>
  ['.upreel-complete', 'usr/lib/locale/locale-archive'].every((name) => existsSync(join(GIMP_TREE, name)));

/** Why the tests that need GIMP cannot run here, or null. Waits where the tree is being made. */
export function reasonWithoutGimp(): string | null {
  const maker = Number(process.env.UPREEL_GIMP_TREE_MAKER ?? 0);
  const moment = new Int32Array(new SharedArrayBuffer(4));
  while (!isComplete() && maker > 0 && isAlive(maker)) Atomics.wait(moment, 0, 0, 500);
  if (!isComplete()) return `no tree with GIMP in ${GIMP_TREE} (scripts/gimp-tree.sh)`;
  return process.getuid?.() === 0 ? null : 'entering the tree takes root';
}

/** A GIMP profile folder without greetings and questions: a profile of another version would bring them. */
export async function writeGimpProfile(folder: string): Promise<void> {
  const version = existsSync(join(GIMP_TREE, 'usr/bin/gimp-console-3.2')) ? '3.2.6' : '3.0.4';
  const settings = ['show-welcome-dialog no', 'check-updates no', 'save-session-info no', 'save-document-history no'];
  const lines = [`config-version "${version}"`, 'color-profile-policy keep', ...settings].map((line) => `(${line})`);
  await writeFile(join(folder, 'gimprc'), `${lines.join('\n')}\n`);
}

/** Starts a command in the tree; paths below /tmp and of this checkout are the same inside. */
export function spawnInTree(command: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  const enter = fileURLToPath(new URL('../../scripts/in-tree.sh', import.meta.url));
  const variables = Object.entries({ ...testModelEnv(), ...env }).map(([name, value]) => `${name}=${value}`);
  // An environment of its own: what this test run was started with does not concern GIMP.
  return spawn('sh', [enter, GIMP_TREE, 'env', '-i', ...IN_TREE, ...variables, ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

const IN_TREE = ['PATH=/usr/local/bin:/usr/bin:/bin', 'LANG=C.UTF-8', 'NO_AT_BRIDGE=1'];

/** Runs a command in the tree to its end. */
export function runInTree(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ code: number | null; output: string }> {
  return finished(spawnInTree(command, env));
}

/** Runs the built command. */
export function runUpreel(
  args: readonly string[],
  env: Readonly<Record<string, string>> = testModelEnv(),
): Promise<{ code: number | null; output: string }> {
  return finished(spawn(process.execPath, [CLI, ...args], { env: { ...process.env, ...env } }));
}

function finished(child: ChildProcess): Promise<{ code: number | null; output: string }> {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject).once('close', (code) => resolve({ code, output }));
  });
}
