// Compiles src to dist, makes the command executable and writes its manual page.
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
rmSync(`${root}dist`, { recursive: true, force: true });
const { status } = spawnSync(
  process.execPath,
  [`${root}node_modules/typescript/bin/tsc`, '-p', `${root}tsconfig.json`],
  {
    stdio: 'inherit',
  },
);
if (status !== 0) process.exit(status ?? 1);
chmodSync(`${root}dist/cli.js`, 0o755);

const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
const { buildProgram } = await import('../dist/cli/program.js');
const { commandTree } = await import('../dist/cli/completion/command-tree.js');
const { manPage } = await import('../dist/cli/man-page.js');
writeFileSync(`${root}dist/upreel.1`, manPage(commandTree(buildProgram()), version));
