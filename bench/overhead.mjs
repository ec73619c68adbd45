// What upreel adds to the network's own time: a still and a clip, each against bare session.run calls of the same tiles,
// on the same number of sessions and threads, in this process, in turn. The bar is 1.05.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { loadModel } from '../dist/core/model/index.js';
import { openUpscaler } from '../dist/core/open-upscaler.js';
import { AUTOMATIC_NETWORK, resolveUpscalerOptions } from '../dist/core/options.js';
import { openSessionPool } from '../dist/core/session-pool.js';
import { planTiles } from '../dist/core/tiles.js';
import { upscaleImageFile } from '../dist/core/upscale-image.js';
import { upscaleVideo, videoSettingsSchema } from '../dist/video/index.js';
import { makeClip, scratchFolder, spread } from './support.mjs';

const MODEL = process.env.MODEL ?? 'realesr-general-x4v3';
const ROUNDS = Number(process.env.ROUNDS ?? 3);
const FRAMES = 24;
const FORMAT = { channels: 3, bytesPerSample: 1 };
const signal = new AbortController().signal;
const folder = scratchFolder();
const model = await loadModel(MODEL);
const networkFile = await model.networkFile(FORMAT);

console.log(`${MODEL}, cpu, ${ROUNDS} rounds: seconds with upreel / seconds of bare session.run, median (min..max)`);
for (const [width, height] of [
  [256, 192],
  [512, 384],
]) {
  await compare('still', { width, height }, 1, 'stills');
}
for (const [width, height] of [
  [256, 192],
  [320, 240],
]) {
  await compare('clip to FFV1', { width, height }, FRAMES, 'frames');
}

async function compare(what, size, count, work) {
  const options = resolveUpscalerOptions(settings(), model.descriptor, 'cpu', work);
  const upscaler = openUpscaler(model, options);
  const pool = openSessionPool({ ...options, scale: model.descriptor.scale });
  const plan = planTiles(size, { ...options, alignPx: 1 });
  const input = await makeInput(what, size, count);
  const output = join(folder, what === 'still' ? 'out.png' : 'out.mkv');
  const bare = () => runBare(pool, plan, count);
  const whole = () => runWhole(what, input, output, upscaler);
  await bare();
  await whole();
  const ratios = [];
  const seconds = [];
  for (let round = 0; round < ROUNDS; round++) {
    const alone = await timed(bare);
    const together = await timed(whole);
    ratios.push(together / alone);
    seconds.push(together);
  }
  await pool.close();
  await upscaler.close();
  const tiles = plan.tiles.length * count;
  console.log(
    `  ${what} ${size.width}x${size.height} x${count} (${tiles} tiles, ${options.sessions} sessions x ` +
      `${options.threadsPerSession} threads): ratio ${spread(ratios)}, ${spread(seconds, 2)} s`,
  );
}

async function runBare(pool, plan, count) {
  const run = { networkFile, format: FORMAT, size: plan.window, fill: () => {}, take: () => {} };
  await Promise.all(Array.from({ length: plan.tiles.length * count }, () => pool.run(run, undefined)));
}

async function runWhole(what, input, output, upscaler) {
  rmSync(output, { force: true });
  const context = { upscaler, model: MODEL, signal, drain: signal, onEvent: () => {} };
  if (what === 'still') {
    const request = { input, output: { kind: 'file', path: output }, target: { kind: 'native' }, overwrite: false };
    await upscaleImageFile(
      { ...request, quality: null, strip: false, flatten: null, maxInputMegapixels: 100 },
      context,
    );
  } else {
    const job = { model: { id: MODEL }, flopsPerPixel: 0, program: 'bench', task: null };
    const settings = videoSettingsSchema.parse({ encoder: 'ffv1' });
    await upscaleVideo({ input, output, model: MODEL, settings, job }, context);
  }
}

async function makeInput(what, { width, height }, count) {
  if (what !== 'still') return makeClip(join(folder, `${width}x${height}.mp4`), { width, height, frames: count });
  const path = join(folder, `${width}x${height}.png`);
  const noise = { type: 'gaussian', mean: 128, sigma: 30 };
  await sharp({ create: { width, height, channels: 3, background: '#000', noise } })
    .png()
    .toFile(path);
  return path;
}

async function timed(action) {
  const start = performance.now();
  await action();
  return (performance.now() - start) / 1000;
}

function settings() {
  return { ...AUTOMATIC_NETWORK, model: MODEL, device: 'cpu' };
}
