import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** Another user of the machine, without a name: only root can act as one. */
export const STRANGER = 20_001;
export const canBeStrangers = process.getuid?.() === 0;

/** What a stranger may put under a name, or have made of a file. */
export const PLANTS = ['link', 'hard link', 'pipe', 'folder', 'foreign', 'world-writable'] as const;
export type Plant = (typeof PLANTS)[number];

/** Puts it there instead of what is there. @param treasure a file of the victim's, which must not change. */
export function plant(kind: Plant, path: string, treasure: string): void {
  const before = lstatSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path) : Buffer.from('{}');
  rmSync(path, { recursive: true, force: true });
  switch (kind) {
    case 'link':
      symlinkSync(treasure, path);
      break;
    case 'hard link':
      linkSync(treasure, path);
      break;
    case 'pipe':
      execFileSync('mkfifo', [path]);
      break;
    case 'folder':
      mkdirSync(path);
      writeFileSync(join(path, 'kept'), 'a file of somebody');
      chownSync(path, STRANGER, STRANGER);
      break;
    case 'foreign':
      writeFileSync(path, before);
      chownSync(path, STRANGER, STRANGER);
      break;
    case 'world-writable':
      writeFileSync(path, before);
      chmodSync(path, 0o666);
  }
}

/**
 * Everything that could change in a tree, as text: names, kinds, owners, modes, contents and times, but for those of
 * folders: what a file system makes of owners is asked by a file that is gone at once.
 */
export function portrait(path: string): string {
  const stats = lstatSync(path, { bigint: true });
  const time = stats.isDirectory() ? '' : stats.mtimeNs;
  const head = `${path} ${stats.mode.toString(8)} ${stats.uid} ${stats.size} ${time}`;
  if (stats.isSymbolicLink()) return `${head} -> ${readlinkSync(path)}`;
  if (stats.isFile()) return `${head} ${readFileSync(path).toString('base64')}`;
  if (!stats.isDirectory()) return head;
  return [head, ...readdirSync(path).map((name) => portrait(join(path, name)))].sort().join('\n');
}

/**
 * Runs a script of Node.js's as the stranger until `stop`.
 * @returns once it has said that it began
 */
export async function letStrangerRun(script: string): Promise<{ swaps(): number; stop(): Promise<number> }> {
  const child = spawn(process.execPath, ['-e', `console.log('begun');${script}`], {
    ...{ uid: STRANGER, gid: STRANGER, cwd: '/' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await once(child.stdout, 'data');
  /** As it last said. */
  const swaps = () => Number([...said.matchAll(/swaps (\d+)\n/g)].at(-1)?.[1] ?? 0);
  return {
    swaps,
    async stop() {
      child.kill('SIGTERM');
      await closed;
      return swaps();
    },
  };
}
