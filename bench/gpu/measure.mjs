// What a GPU does with upreel's networks: proof, time by tile and batch, precision, lanes, copies, frames per second;
// and PyTorch on the same card where python3 has it. Prints a table and writes gpu-DEVICE.json. Environment: OUT
// (folder), DEVICE, MODELS, BUDGET_SECONDS (what does not fit is left out, and said), SMALL=1 (for a GPU in software),
// PEER=0.
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadModel } from '../../dist/core/model/index.js';
import { driverFacts } from '../../dist/engine/driver-facts.js';

const { OUT = '.', DEVICE = 'webgpu', SMALL, PEER } = process.env;
const MODELS = (process.env.MODELS ?? 'realesr-general-x4v3,realesr-animevideov3-x4,realesrgan-x4plus-anime').split(
  ',',
);
const end = performance.now() + Number(process.env.BUDGET_SECONDS ?? 3600) * 1000;
const SIDES = SMALL ? [8, 16] : [64, 128, 192, 256, 384, 512, 768, 1024];
const BATCHES = SMALL ? [1, 2] : [1, 2, 4, 8];
const BATCH_SIDE = SMALL ? 8 : 128;
const LANE_SIDE = SMALL ? 8 : 256;
const FRAMES = SMALL
  ? [[16, 12]]
  : [
      [640, 480],
      [1280, 720],
      [1920, 1080],
    ];
const TILES = SMALL ? [16] : [192, 512];
const report = { date: new Date().toISOString(), device: DEVICE, machine: {}, measured: [], left: [] };
mkdirSync(OUT, { recursive: true });

report.machine = {
  cpu: `${cpus()[0]?.model}, ${cpus().length} threads`,
  gpu:
    (await output('nvidia-smi', ['--query-gpu=name,driver_version,memory.total', '--format=csv,noheader'])).trim() ||
    null,
  drivers: driverFacts(),
};
console.log(JSON.stringify(report.machine, null, 1));

const [first] = MODELS;
const PRECISIONS = ['float32', 'float16'];
await add({ kind: 'copy', sides: SIDES });
for (const model of MODELS) {
  for (const precision of PRECISIONS) {
    await add({ kind: 'proof', model, precision, side: SMALL ? 16 : 96 });
    await add({ kind: 'tiles', model, precision, sizes: SIDES.map((side) => [1, side]) });
  }
}
for (const model of MODELS.slice(0, 2)) {
  for (const precision of PRECISIONS) {
    for (const tilePx of TILES) await add({ kind: 'frames', model, precision, tilePx, frames: FRAMES, seconds: 1 });
  }
}
if (PEER !== '0') for (const model of MODELS) await addPeer(model);
for (const precision of PRECISIONS) {
  await add({ kind: 'tiles', model: first, precision, sizes: BATCHES.map((batch) => [batch, BATCH_SIDE]) });
}
for (const count of [1, 2, 3]) await addLanes(count);
for (const [provider, fixed] of [[{ preferredLayout: 'NHWC' }], [{ preferredLayout: 'NCHW' }], [{}, true]]) {
  if (DEVICE !== 'webgpu' && !fixed) continue;
  for (const side of [LANE_SIDE, 2 * LANE_SIDE]) {
    await add({ kind: 'tiles', model: first, precision: 'float16', sizes: [[1, side]], provider, fixed });
  }
}
save();
table();

async function add(order) {
  const name = describe(order);
  if (performance.now() > end) return void report.left.push(`${name}: no time left`);
  const result = await run({ ...order, device: DEVICE }).done;
  report.measured.push({ ...order, ...result });
  console.log(`${name}: ${show(result)}`);
  save();
}

async function addLanes(count) {
  const order = { kind: 'lane', model: first, precision: 'float16', side: LANE_SIDE, seconds: 2 };
  if (performance.now() > end) return void report.left.push(`${count} lanes: no time left`);
  const lanes = Array.from({ length: count }, () => run({ ...order, device: DEVICE }));
  await Promise.all(lanes.map(({ ready }) => ready));
  for (const { child } of lanes) child.stdin.write('go\n');
  const results = await Promise.all(lanes.map(({ done }) => done));
  const perSecond = results.reduce((sum, { perSecond: each = 0 }) => sum + each, 0);
  report.measured.push({ ...order, kind: 'lanes', count, perSecond, failures: results.map((r) => r.failure) });
  console.log(`${count} processes at once, ${LANE_SIDE} px: ${perSecond.toFixed(1)} tiles/s`);
}

/** The same network by PyTorch, from the very ONNX file. */
async function addPeer(id) {
  if (performance.now() > end) return void report.left.push(`PyTorch ${id}: no time left`);
  const model = await loadModel(id);
  const file = await model.networkFile({ bytesPerSample: 1, channels: 3, target: 'gpu' });
  const script = fileURLToPath(new URL('./peer.py', import.meta.url));
  const text = await output('python3', [script, file, ...SIDES.map(String)], 120_000);
  const lines = text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
  report.measured.push({ kind: 'pytorch', model: id, lines });
  console.log(`PyTorch, ${id}: ${lines.map((line) => JSON.stringify(line)).join('\n  ') || 'not here'}`);
}

function run(order) {
  const script = fileURLToPath(new URL('./case.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(order)], { stdio: 'pipe' });
  // One that has died takes no order: its exit tells.
  child.stdin.on('error', () => {});
  let [text, errors] = ['', ''];
  let isReady;
  const ready = new Promise((resolve) => (isReady = resolve));
  child.stdout.on('data', (data) => {
    text += data;
    if (text.includes('ready')) isReady();
  });
  child.stderr.on('data', (data) => {
    errors += data;
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), SMALL ? 600_000 : 90_000);
  const done = new Promise((resolve) =>
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      isReady();
      const line = text.split('\n').findLast((each) => each.startsWith('{'));
      const reason = /^\w*Error: .*/m.exec(errors)?.[0] ?? errors.trim().slice(-300);
      resolve(line ? JSON.parse(line) : { failure: `ended with ${code ?? signal}: ${reason}` });
    }),
  );
  return { child, ready, done };
}

/** '' for a command that is not there or fails. */
function output(command, args, timeout = 20_000) {
  return new Promise((resolve) => {
    execFile(command, args, { timeout, maxBuffer: 1e7 }, (error, stdout, stderr) => {
      if (error && stderr) console.log(`${command}: ${stderr.slice(-600)}`);
      resolve(stdout);
    });
  });
}

function describe({ kind, model = '', precision = '', tilePx, provider, fixed }) {
  const rest = [tilePx && `tile ${tilePx}`, provider && JSON.stringify(provider), fixed && 'fixed sizes'];
  return [kind, model, precision, ...rest].filter(Boolean).join(' ');
}

function show({ results, failure, ...rest }) {
  if (failure) return failure;
  if (!results) return JSON.stringify(rest);
  const each = results.map(({ side, batch, width, height, tiles, milliseconds, perSecond, failure: why }) =>
    why
      ? why
      : perSecond
        ? `${width}x${height} (${tiles} tiles) ${perSecond.toFixed(2)}/s`
        : `${batch > 1 ? `${batch}x` : ''}${side}: ${milliseconds.toFixed(2)} ms`,
  );
  return `${each.join(', ')}${rest.gpuMegabytes ? `; ${rest.gpuMegabytes} MB` : ''}`;
}

function save() {
  writeFileSync(join(OUT, `gpu-${DEVICE}.json`), JSON.stringify(report, null, 1));
}

function table() {
  console.log(
    `\n${report.machine.gpu ?? 'no nvidia-smi'}, ${DEVICE}: milliseconds per tile, upload and download included`,
  );
  console.log(`| network | precision | ${SIDES.join(' | ')} |\n| --- | --- | ${SIDES.map(() => '---').join(' | ')} |`);
  for (const { kind, model, precision, results, provider } of report.measured) {
    if (kind !== 'tiles' || provider || !results || results.some(({ batch }) => batch !== 1)) continue;
    const cells = SIDES.map((side) => results.find((r) => r.side === side)?.milliseconds?.toFixed(2) ?? '');
    console.log(`| ${model} | ${precision} | ${cells.join(' | ')} |`);
  }
  for (const line of report.left) console.log(`left out: ${line}`);
}
