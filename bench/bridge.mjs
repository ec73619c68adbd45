// What the bridge costs beside the command: the same pixels through a warm service and through `upreel FILE`, in turn,
// and the peak memory of either with its engine. SIDES=512,1024,4096 ROUNDS=3 node bench/bridge.mjs
// From 4096 on with a network of made-up weights that does next to nothing: what is left is the bridge.
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { bridgeClient } from '../dist/bridge/index.js';
import { readStateFile } from '../dist/bridge/state-file.js';
import { median, scratchFolder, spread } from './support.mjs';

const MODEL = process.env.MODEL ?? 'realesr-animevideov3-x2';
const MADE_UP = 'made-up';
const SIDES = (process.env.SIDES ?? '512,1024,4096').split(',').map(Number);
const ROUNDS = Number(process.env.ROUNDS ?? 3);
const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const folder = scratchFolder();
const stateFile = join(folder, 'state', 'service.json');
const models = join(folder, 'models');
mkdirSync(models);
writeMadeUpModel(join(models, `${MADE_UP}.safetensors`));
const env = { ...process.env, UPREEL_MODELS: models };

console.log(`RGB of 8 bits to twice the size, median (min..max) of ${ROUNDS} rounds, paired: seconds, and peak MB`);
for (const side of SIDES) {
  // One service for each size: its peak is that size's.
  rmSync(stateFile, { force: true });
  const service = spawn(process.execPath, [cli, 'serve', '--state-file', stateFile], { stdio: 'ignore', env });
  process.on('exit', () => service.kill('SIGKILL'));
  await measure(side, service, bridgeClient(await stateOf()));
  service.kill('SIGTERM');
  await new Promise((resolve) => service.once('close', resolve));
}

async function measure(side, service, client) {
  const model = side >= 4096 ? MADE_UP : MODEL;
  const pixels = Buffer.alloc(side * side * 3);
  for (let index = 0; index < pixels.length; index++) pixels[index] = (index * 7919) >> 5;
  const input = join(folder, `${side}.png`);
  await sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
    .png({ compressionLevel: 1 })
    .toFile(input);
  const request = { width: side, height: side, channels: 3, depth: 'u8', model };
  const through = [];
  const command = [];
  const outside = [];
  let commandPeaks = [];
  for (let round = 0; round <= ROUNDS; round++) {
    let work = 0;
    const onEvent = (event) => {
      if (event.event === 'done') work = event.seconds;
    };
    const bridged = await timed(() => client.upscale(request, pixels, { onEvent }));
    const alone = await timed(async () => {
      commandPeaks = await runCommand(input, join(folder, 'out.png'), model);
    });
    // The first of each only warms up.
    if (round === 0) continue;
    through.push(bridged);
    command.push(alone);
    outside.push(bridged - work);
  }
  const ratios = through.map((seconds, index) => seconds / command[index]);
  console.log(
    `${side}x${side}, ${model}: bridge ${spread(through, 2)}, of it outside the engine ${median(outside).toFixed(3)}; ` +
      `command ${spread(command, 2)}; bridge/command ${spread(ratios, 2)}; ` +
      `peaks: service ${peakOf(service.pid)}, its engine ${peakOf(childrenOf(service.pid)[0])}; ` +
      `command ${commandPeaks[0]}, its engine ${commandPeaks[1]}`,
  );
  rmSync(input);
}

async function stateOf() {
  for (;;) {
    const state = await readStateFile(stateFile);
    if (state !== null) return state;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function timed(work) {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/** @returns the peaks of the command and of its engine in MB */
function runCommand(input, output, model) {
  const args = [cli, input, '-o', output, '-m', model, '--overwrite', '--no-tui', '--device', 'cpu'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'], env });
  const peaks = [0, 0];
  const timer = setInterval(() => {
    for (const [index, pid] of [child.pid, childrenOf(child.pid)[0]].entries()) {
      peaks[index] = Math.max(peaks[index], pid === undefined ? 0 : peakOf(pid));
    }
  }, 100);
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text;
  });
  return new Promise((resolve, reject) => {
    child.once('close', (code) => {
      clearInterval(timer);
      if (code === 0) resolve(peaks);
      else reject(new Error(errors));
    });
  });
}

/** 0 for a process that has just ended. */
function peakOf(pid) {
  try {
    return Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024);
  } catch {
    return 0;
  }
}

function childrenOf(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`)
      .flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' '))
      .filter(Boolean);
  } catch {
    return [];
  }
}

/** Compact, 4 features, 1 convolution, twice the size. */
function writeMadeUpModel(path) {
  const shapes = {
    ...{ 'body.0.weight': [4, 3, 3, 3], 'body.0.bias': [4], 'body.1.weight': [4] },
    ...{ 'body.2.weight': [4, 4, 3, 3], 'body.2.bias': [4], 'body.3.weight': [4] },
    ...{ 'body.4.weight': [12, 4, 3, 3], 'body.4.bias': [12] },
  };
  const header = {};
  const values = [];
  for (const [name, shape] of Object.entries(shapes)) {
    const start = values.length * 4;
    const count = shape.reduce((product, length) => product * length, 1);
    for (let index = 0; index < count; index++) values.push(Math.sin(values.length * 12.9898) * 0.2);
    header[name] = { dtype: 'F32', shape, data_offsets: [start, values.length * 4] };
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.byteLength));
  writeFileSync(path, Buffer.concat([length, text, Buffer.from(Float32Array.from(values).buffer)]));
}
