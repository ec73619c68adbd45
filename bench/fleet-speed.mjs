// What a queue costs, and what a second worker brings: the same clip by `upreel` itself, by a fleet of one worker and by
// one of two, in turn; each with sessions of one thread, on a real Redis. The bar for the queue is 1.03.
// usage: node bench/fleet-speed.mjs     ROUNDS=3 FRAMES=216 MODEL=realesr-general-x4v3 (needs redis-server)
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { makeClip, median, scratchFolder } from './support.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 3);
const FRAMES = Number(process.env.FRAMES ?? 216);
const MODEL = process.env.MODEL ?? 'realesr-general-x4v3';
const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const folder = scratchFolder();
const store = join(folder, 'store');
const env = { ...process.env, XDG_STATE_HOME: join(folder, 'state') };
const ONE_THREAD = ['--device', 'cpu', '--threads', '1'];
const PREFIX = 'bench';

mkdirSync(store);
const clip = makeClip(join(store, 'clip.mkv'), { width: 128, height: 96, frames: FRAMES });
/** Five segments, however long the clip is. */
const film = ['-m', MODEL, '--encoder', 'ffv1', '--segment-seconds', `${FRAMES / 24 / 5}`, '--no-config'];
const port = await freePort();
const flags = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'yes', '--dir', folder];
const server = spawn('redis-server', flags, { stdio: 'ignore' });
const redis = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: null, retryStrategy: () => 100 });
redis.on('error', () => {});
const place = ['--queue', `redis://127.0.0.1:${port}`, '--store', store, '--prefix', PREFIX];
const crew = [];
const seconds = { local: [], one: [], two: [] };
let expected = null;
try {
  for (let round = 0; round <= ROUNDS; round++) {
    // The first round warms up: models, the disk's cache, the workers' engines.
    const keep = (name, took) => round > 0 && seconds[name].push(took);
    keep('local', await timed(`local-${round}`, (output) => upreel([clip, '-o', output, ...film, ...ONE_THREAD])));
    for (const [name, workers] of [
      ['one', 1],
      ['two', 2],
    ]) {
      await have(workers);
      keep(name, await timed(`${name}-${round}`, (output) => byFleet(output)));
    }
    await have(0);
  }
} finally {
  await have(0);
  redis.disconnect();
  server.kill();
  await once(server, 'close');
}
const ratios = (name, of) => seconds[name].map((took, round) => round2(took / seconds[of][round]));
const result = {
  cores: availableParallelism(),
  model: MODEL,
  frames: FRAMES,
  segments: 5,
  rounds: ROUNDS,
  localSeconds: round2(median(seconds.local)),
  oneWorkerToLocal: { median: median(ratios('one', 'local')), all: ratios('one', 'local') },
  twoWorkersFaster: { median: median(ratios('one', 'two')), all: ratios('one', 'two') },
};
console.log(JSON.stringify(result, null, 2));
const file = new URL('./results/fleet-speed.json', import.meta.url);
if (process.env.UPREEL_WRITE_DOCS === '1') writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);

/** From the command to the film, which is held against the first one's frames. */
async function timed(name, make) {
  const output = join(store, `${name}.mkv`);
  const from = performance.now();
  await make(output);
  const took = (performance.now() - from) / 1000;
  const { stdout } = spawnSync('ffmpeg', ['-v', 'error', '-i', output, '-map', '0:v', '-f', 'md5', '-']);
  expected ??= `${stdout}`;
  if (expected !== `${stdout}`) throw new Error(`${name} has other frames.`);
  rmSync(output);
  return took;
}

function upreel(args) {
  const words = [CLI, ...args, '--no-tui', '--foreground'];
  const { status } = spawnSync(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'], env });
  if (status !== 0) throw new Error(`upreel ended with ${status}.`);
}

async function byFleet(output) {
  const words = [CLI, 'submit', clip, '-o', output, ...film, ...place, '--json'];
  const { status, stdout } = spawnSync(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'], env });
  if (status !== 0) throw new Error(`upreel submit ended with ${status}.`);
  const { id } = JSON.parse(`${stdout}`);
  for (;;) {
    const state = await redis.hget(`${PREFIX}:film:${id}`, 'state');
    if (state === 'done') return;
    if (state === 'failed') throw new Error(await redis.hget(`${PREFIX}:film:${id}`, 'error'));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** So many workers that are ready. */
async function have(workers) {
  while (crew.length > workers) {
    const worker = crew.pop();
    worker.kill('SIGTERM');
    await once(worker, 'close');
  }
  while (crew.length < workers) {
    const words = [CLI, 'worker', '--name', `worker-${crew.length}`, ...ONE_THREAD, ...place, '--json'];
    const worker = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'], env });
    crew.push(worker);
    // Read on to its end: nobody else does.
    await new Promise((resolve) => worker.stdout.on('data', (text) => `${text}`.includes('"ready"') && resolve()));
  }
}

function round2(value) {
  return Math.round(100 * value) / 100;
}

async function freePort() {
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port: found } = free.address();
  free.close();
  await once(free, 'close');
  return found;
}
