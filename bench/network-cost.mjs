// What families of networks cost beside realesrgan-x4plus: processor time and memory for one window on the CPU.
// FILES=a.safetensors,... SIDE=64 make bench BENCH=network-cost    (bench/initialised-networks.py makes the files)
// Processor time (user and system of all threads) hardly changes on a busy machine; x4plus runs before each network.
import { spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadModel } from '../dist/core/model/index.js';
import { settledResidentBytes } from '../dist/core/upscaler/memory-cost.js';
import { openUpscaler } from '../dist/core/upscaler/open-upscaler.js';
import { FRUGAL_MALLOC } from './support.mjs';

const SIDE = Number(process.env.SIDE ?? 64);
const RULER = 'realesrgan-x4plus';

const [, , network] = process.argv;
if (network === undefined) compareAll();
else await measure(network);

function compareAll() {
  console.log(
    '| network | summary | CPU s per Mpx | of x4plus | memory MB | of x4plus | first time, MB | to open, CPU s |',
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const file of (process.env.FILES ?? '').split(',').filter(Boolean)) {
    // The first time the network is written as ONNX and kept in the cache, which takes memory of its own.
    const [first, ruler, made] = [run(file), run(RULER), run(file)];
    if (first === null || ruler === null || made === null) continue;
    const cells = [
      ...[basename(file, '.safetensors'), made.summary],
      ...[made.perMegapixel.toFixed(0), (made.perMegapixel / ruler.perMegapixel).toFixed(2)],
      ...[(made.bytes / 1e6).toFixed(0), (made.bytes / ruler.bytes).toFixed(2), (first.bytes / 1e6).toFixed(0)],
      made.opening.toFixed(1),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

/** In a process of its own, whose largest resident size is the network's. */
function run(name) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), name], {
    encoding: 'utf8',
    env: { ...FRUGAL_MALLOC, ...process.env },
  });
  if (status === 0) return JSON.parse(stdout);
  console.log(`${name}: ${stderr.trim().split('\n').slice(-1)}`);
  return null;
}

async function measure(name) {
  const before = process.resourceUsage().maxRSS;
  const model = await loadModel(name);
  const one = { device: 'cpu', tilePx: 4096, haloPx: 0, featherPx: 0, sessions: 1, threadsPerSession: 1 };
  const upscaler = openUpscaler(model, { ...one, gpus: [], ensemble: false, rerunBlank: false });
  const picture = {
    ...{ width: SIDE, height: SIDE, channels: 3, bytesPerSample: 1 },
    data: Uint8Array.from({ length: 3 * SIDE ** 2 }, (_, at) => (Math.imul(at, 2654435761) >>> 24) / 2 + 64),
  };
  // As an engine does before it opens a network: what reading the file left behind is gone.
  await settledResidentBytes();
  const opened = seconds();
  await upscaler.upscale(picture);
  const first = seconds();
  await upscaler.upscale(picture);
  const second = seconds();
  const bytes = (process.resourceUsage().maxRSS - before) * 1024;
  // The first run opens the network, too.
  const once = second - first;
  const opening = Math.max(0, first - opened - once);
  const { summary } = model.descriptor;
  console.log(JSON.stringify({ perMegapixel: once / (SIDE ** 2 / 1e6), bytes, opening, summary }));
  await upscaler.close();
}

function seconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
