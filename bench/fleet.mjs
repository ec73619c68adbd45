// What a queue bears: many simulated workers on a real Redis, whose engine does nothing, through upreel's own queues. And
// what a worker takes to join a real film of as many segments.
// usage: node bench/fleet.mjs     FILMS=100 SEGMENTS=1000 WORKERS=1000 PROCESSES=10 JOINED=1000 (needs redis-server)
import { fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { QueueEvents, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { FleetQueues } from '../dist/fleet/queues.js';
import { makeClip, median, scratchFolder, writeSmallNetwork } from './support.mjs';

const PREFIX = 'bench';
const LOCK_SECONDS = 5;
const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const count = (name, usual) => Number(process.env[name] ?? usual);

if (process.argv[2] === 'workers') await work(Number(process.argv[3]), Number(process.argv[4]));
else await measure();

/** So many workers in this process. They hold one segment each when they are told to die. */
async function work(port, workers) {
  const connection = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: null });
  let made = 0;
  const options = {
    connection,
    prefix: PREFIX,
    concurrency: 1,
    lockDuration: 1000 * LOCK_SECONDS,
    stalledInterval: 500 * LOCK_SECONDS,
    maxStalledCount: 3,
  };
  const all = Array.from({ length: workers }, () => [
    new Worker('segments', async () => void made++, options),
    new Worker('films', async () => {}, options),
  ]).flat();
  for (const worker of all) worker.on('error', () => {});
  await Promise.all(all.map((worker) => worker.waitUntilReady()));
  process.send('ready');
  process.on('disconnect', () => process.exit());
}

async function measure() {
  const films = count('FILMS', 100);
  const segments = count('SEGMENTS', 1000);
  const workers = count('WORKERS', 1000);
  const processes = count('PROCESSES', 10);
  const port = await freePort();
  const flags = [
    '--port',
    `${port}`,
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'yes',
    '--maxclients',
    '20000',
  ];
  const server = spawn('redis-server', [...flags, '--dir', scratchFolder()], { stdio: 'ignore' });
  const redis = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: null, retryStrategy: () => 100 });
  redis.on('error', () => {});
  const queues = new FleetQueues({ redis, prefix: PREFIX });
  const waits = followFilms(new QueueEvents('films', { connection: redis, prefix: PREFIX }));
  try {
    const empty = await memoryOf(redis);
    const submitting = performance.now();
    for (let film = 0; film < films; film++) {
      const id = film.toString(16).padStart(24, '0');
      await queues.add(
        id,
        1,
        Array.from({ length: segments }, (_, index) => index),
        { device: null },
      );
    }
    const submitSeconds = since(submitting);
    const bytes = (await memoryOf(redis)) - empty;
    const total = films * segments;
    const started = performance.now();
    const crews = await Promise.all(
      Array.from({ length: processes }, () => crew(port, Math.ceil(workers / processes))),
    );
    const startSeconds = since(started);
    // All of one process die while they are at work.
    await until(async () => (await leftOf(queues)) < total * 0.6);
    const dead = crews[0];
    dead.kill('SIGKILL');
    const killedAt = performance.now();
    const orphans = await heldByTheDead(queues);
    await until(async () => !(await isAnyLeft(queues, orphans)));
    const takenOver = since(killedAt);
    await until(async () => (await leftOf(queues)) === 0);
    const makeSeconds = since(started) - startSeconds;
    await until(async () => waits.length === films);
    const queue = {
      films,
      segments: total,
      workers,
      submitPerSecond: Math.round(total / submitSeconds),
      redisBytesPerSegment: Math.round(bytes / total),
      workersReadySeconds: round(startSeconds),
      segmentsPerSecond: Math.round(total / makeSeconds),
      millisecondsPerSegment: round((1000 * makeSeconds) / total),
      heldByWorkersThatDied: orphans.length,
      // On a machine that is too busy, they were made by others before they could be listed.
      takeoverSeconds: orphans.length === 0 ? null : round(takenOver),
      filmTakenMilliseconds: { median: median(waits), most: Math.max(...waits) },
    };
    console.log(JSON.stringify(queue, null, 2));
    // Idle workers ask for work all the same.
    for (const child of crews.slice(1)) {
      child.disconnect();
      await once(child, 'close');
    }
    const result = { ...queue, join: joinOf(count('JOINED', 1000)) };
    console.log(JSON.stringify(result, null, 2));
    const place = new URL('./results/fleet.json', import.meta.url);
    if (process.env.UPREEL_WRITE_DOCS === '1') writeFileSync(place, `${JSON.stringify(result, null, 2)}\n`);
  } finally {
    await queues.close().catch(() => {});
    redis.disconnect();
    server.kill();
    await once(server, 'close');
  }
  process.exit();
}

async function crew(port, workers) {
  const child = fork(fileURLToPath(import.meta.url), ['workers', `${port}`, `${workers}`]);
  await once(child, 'message');
  return child;
}

/** Milliseconds from the end of a film's last segment to the end of its join, of each film that was joined. */
function followFilms(events) {
  const ready = new Map();
  const waits = [];
  events.on('error', () => {});
  events.on('waiting', ({ jobId }, id) => ready.set(jobId, timeOf(id)));
  events.on('completed', ({ jobId }, id) => waits.push(timeOf(id) - ready.get(jobId)));
  return waits;
}

/** Redis' own clock, in an event's id. */
function timeOf(id) {
  return Number(id.split('-')[0]);
}

/** Ids of what stays at work although its engine does nothing: a worker that lives would have ended it long ago. */
async function heldByTheDead(queues) {
  const held = (await queues.segments(null).getActive()).map(({ id }) => id);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const still = new Set((await queues.segments(null).getActive()).map(({ id }) => id));
  return held.filter((id) => still.has(id));
}

async function isAnyLeft(queues, ids) {
  const states = await Promise.all(ids.map((id) => queues.segments(null).getJobState(id)));
  return states.some((state) => state !== 'unknown');
}

/** What a worker takes for the join, by upreel itself: a film of so many segments of a second each, in small frames. */
function joinOf(segments) {
  const folder = scratchFolder();
  const clip = makeClip(join(folder, 'film.mp4'), { width: 32, height: 24, frames: 24 * segments });
  const network = writeSmallNetwork(join(folder, 'small.safetensors'));
  const place = join(folder, 'report.json');
  const flags = ['-m', network, '--device', 'cpu', '--segment-seconds', '1', '--no-tui', '--no-config', '--foreground'];
  const words = [CLI, clip, '-o', join(folder, 'out.mkv'), ...flags, '--report', place];
  const env = { ...process.env, XDG_STATE_HOME: join(folder, 'state') };
  const { status } = spawnSync(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'], env });
  if (status !== 0) throw new Error(`upreel ended with ${status}.`);
  const { stages } = JSON.parse(readFileSync(place, 'utf8'));
  return { segments, ...Object.fromEntries(stages.map(({ name, seconds }) => [`${name}Seconds`, round(seconds)])) };
}

async function leftOf(queues) {
  const counts = await queues.segments(null).getJobCounts('prioritized', 'wait', 'active', 'delayed');
  return Object.values(counts).reduce((sum, one) => sum + one, 0);
}

async function memoryOf(redis) {
  return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))[1]);
}

async function until(probe) {
  while (!(await probe())) await new Promise((resolve) => setTimeout(resolve, 100));
}

function since(from) {
  return (performance.now() - from) / 1000;
}

function round(value) {
  return Math.round(100 * value) / 100;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
