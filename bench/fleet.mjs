// What a queue bears: many simulated workers on a real Redis, whose engine does nothing, through upreel's own queues.
// usage: node bench/fleet.mjs     FILMS=100 SEGMENTS=1000 WORKERS=1000 PROCESSES=10 (needs redis-server)
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { FleetQueues } from '../dist/fleet/queues.js';
import { scratchFolder } from './support.mjs';

const PREFIX = 'bench';
const LOCK_SECONDS = 5;
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
  const all = Array.from({ length: workers }, () => {
    const worker = new Worker('segments', async () => void made++, options);
    return worker.on('error', () => {});
  });
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
  try {
    const empty = await memoryOf(redis);
    const submitting = performance.now();
    for (let film = 0; film < films; film++) {
      const id = film.toString(16).padStart(24, '0');
      await queues.add(
        id,
        1,
        Array.from({ length: segments }, (_, index) => index),
        null,
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
    const heldThen = await queues.segments(null).getActiveCount();
    await until(async () => (await leftOf(queues)) === 0);
    const drained = since(killedAt);
    const makeSeconds = since(started) - startSeconds;
    const result = {
      films,
      segments: total,
      workers,
      submitPerSecond: Math.round(total / submitSeconds),
      redisBytesPerSegment: Math.round(bytes / total),
      workersReadySeconds: round(startSeconds),
      segmentsPerSecond: Math.round(total / makeSeconds),
      millisecondsPerSegment: round((1000 * makeSeconds) / total),
      heldWhenOneProcessDied: heldThen,
      secondsFromThereToTheEnd: round(drained),
      filmsWaitingToBeJoined: await queues.films.getWaitingCount(),
    };
    console.log(JSON.stringify(result, null, 2));
    const place = new URL('./results/fleet.json', import.meta.url);
    if (process.env.UPREEL_WRITE_DOCS === '1') writeFileSync(place, `${JSON.stringify(result, null, 2)}\n`);
    for (const child of crews.slice(1)) child.disconnect();
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
