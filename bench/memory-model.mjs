// What upreel reckons that a window of a network takes, beside what a process of its own took for it, on the CPU. The
// bar: within 10 %. Each window has a process of its own, since onnxruntime's arena keeps what it took, with malloc set
// as that of engines.
// Environment: MODELS (ids, commas between), SIDES (of windows, pixels), THREADS.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadModel } from '../dist/core/model/index.js';
import { makeRaster } from '../dist/core/pixels/raster.js';
import { peakBytes } from '../dist/core/tile/tile-size.js';
import { measureMemoryCost, settledResidentBytes } from '../dist/core/upscaler/memory-cost.js';
import { openUpscaler } from '../dist/core/upscaler/open-upscaler.js';
import { CPU_TARGET } from '../dist/core/upscaler/window-runner.js';
import { FRUGAL_MALLOC, scratchFolder } from './support.mjs';

const self = fileURLToPath(import.meta.url);
const { signal } = new AbortController();
const RGB8 = { channels: 3, bytesPerSample: 1 };
const threadsPerSession = Number(process.env.THREADS ?? 2);

if (process.argv[2] === 'reckon') await reckon(process.argv[3]);
else if (process.argv[2] === 'run') await run(process.argv[3], Number(process.argv[4]));
else compare();

function compare() {
  const usual = 'realesr-general-x4v3,realesr-animevideov3-x2,realesr-animevideov3-x4,realesrgan-x4plus-anime';
  const models = (process.env.MODELS ?? usual).split(',');
  const sides = (process.env.SIDES ?? '128,192,256,384').split(',').map(Number);
  console.log('| network | window | reckoned | took | ratio |\n| --- | --- | ---: | ---: | ---: |');
  for (const model of models) {
    const cost = child('reckon', model);
    for (const side of sides) {
      const reckoned = peakBytes(cost, side * side);
      const took = child('run', model, String(side));
      const cells = [`${side}x${side}`, megabytes(reckoned), megabytes(took), (reckoned / took).toFixed(2)];
      console.log(`| ${[model, ...cells].join(' | ')} |`);
    }
    console.log(`| ${model} | a pixel | ${Math.round(cost.bytesPerPixel)} bytes | | |`);
    console.log(`| ${model} | to open | ${megabytes(cost.openingBytes)} | | |`);
  }
}

function child(...words) {
  const env = { ...FRUGAL_MALLOC, ...process.env };
  return JSON.parse(execFileSync(process.execPath, [self, ...words], { encoding: 'utf8', env }));
}

async function reckon(id) {
  const model = await loadModel(id);
  // A cost that is remembered from another day is not measured.
  process.env.UPREEL_CACHE = scratchFolder();
  console.log(JSON.stringify(await measureMemoryCost(model, { threadsPerSession }, signal)));
}

async function run(id, side) {
  const model = await loadModel(id);
  const how = { device: 'cpu', haloPx: 0, featherPx: 0, sessions: 1, threadsPerSession, gpus: [], ensemble: false };
  // The first time on a machine networks are written as ONNX, which takes memory of its own.
  await model.networkFile({ ...RGB8, target: CPU_TARGET });
  const before = await settledResidentBytes();
  // Sets the largest size so far to that of now: reading a checkpoint of many weights took more.
  writeFileSync('/proc/self/clear_refs', '5');
  const upscaler = openUpscaler(model, { ...how, rerunBlank: false, tilePx: 4096 });
  // Twice: the second finds what the first left.
  for (let turn = 0; turn < 2; turn++) {
    await upscaler.upscale(makeRaster(side, side, RGB8), { signal });
  }
  const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;
  console.log(JSON.stringify(peak - before));
  await upscaler.close();
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
