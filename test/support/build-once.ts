import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Tests of processes and worker threads run the built program: build it if a source is newer. */
export default function buildOnce(): void {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const built = statSync(`${root}dist/cli.js`, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (listSources(root).every((file) => statSync(`${root}${file}`).mtimeMs < built)) return;
  const { status } = spawnSync(process.execPath, [`${root}scripts/build.mjs`], { stdio: 'inherit' });
  if (status !== 0) throw new Error('Expected the build to succeed before the tests.');
}

function listSources(root: string): string[] {
  const names = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => /\.(tsx?|css)$/.test(name)).map((name) => `src/${name}`);
}
