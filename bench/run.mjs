// `make bench [BENCH="overhead memory"]`: every claim of speed or memory in the documents, measured again on this
// machine.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ALL = [
  'overhead',
  'supervisor-latency',
  'memory',
  'memory-model',
  'big-picture',
  'curves',
  'seams',
  'reuse',
  'pipeline',
  'targets',
  'view-cpu',
];
/** Only where they are named: they need other programs or pictures, or a quarter of an hour. */
const APART = ['peers', 'growth', 'steady'];
const asked = (process.env.BENCH ?? '').split(/\s+/).filter(Boolean);
const unknown = asked.filter((name) => ![...ALL, ...APART].includes(name));
if (unknown.length > 0) {
  console.error(`Unknown benchmark: ${unknown.join(', ')}. There are: ${[...ALL, ...APART].join(', ')}.`);
  process.exit(2);
}
for (const name of asked.length > 0 ? asked : ALL) {
  console.log(`\n== ${name}`);
  const file = fileURLToPath(new URL(`./${name}.mjs`, import.meta.url));
  const { status } = spawnSync(process.execPath, [file], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
