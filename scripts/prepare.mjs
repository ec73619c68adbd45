// npm's "prepare" step: what is packed, published or installed from git holds the program. Where it is built, it stays.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
if (!existsSync(`${root}dist/cli.js`)) {
  if (!existsSync(`${root}node_modules/rolldown`)) {
    console.error(
      'What upreel is built with is missing: npm install -g from git leaves it out (npm/cli#8440).\n' +
        'Clone the repository, then: npm ci --ignore-scripts && npm install -g "$(npm pack --silent)"',
    );
    process.exit(1);
  }
  const { status } = spawnSync(process.execPath, [`${root}scripts/build.mjs`], { stdio: 'inherit' });
  process.exit(status ?? 1);
}
