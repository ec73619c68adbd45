// `make bench [BENCH="overhead memory"]`: every claim of speed or memory in the documents, measured again on this
// machine.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));

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
/** Every other one only where it is named: they need other programs, or a quarter of an hour. */
const asked = (process.env.BENCH ?? '').split(/\s+/).filter(Boolean);
const benches = readdirSync(FOLDER).filter((name) => name.endsWith('.mjs') && isBench(name));
const unknown = asked.filter((name) => !benches.includes(`${name}.mjs`));
if (unknown.length > 0) {
  const known = benches.map((name) => name.slice(0, -'.mjs'.length));
  console.error(`Unknown benchmark: ${unknown.join(', ')}. There are: ${known.join(', ')}.`);
  process.exit(2);
}
for (const name of asked.length > 0 ? asked : ALL) {
  console.log(`\n== ${name}`);
  const { status } = spawnSync(process.execPath, [join(FOLDER, `${name}.mjs`)], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}

/**
 * What others import exports something; what is to be given words says how it is used; what a bench starts as a process
 * of its own is no bench, nor is this file.
 */
function isBench(name) {
  if (name === 'run.mjs' || name === 'view-cpu-feed.mjs') return false;
  return !/^export |^\/\/.*usage: node bench\//im.test(readFileSync(join(FOLDER, name), 'utf8'));
}
