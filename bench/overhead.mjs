// What upreel adds to the network's own time: a still and a clip, each against bare session.run calls of the same
// tiles, on the same number of sessions and threads, in this process, in turn. The bar is 1.05.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { loadModel } from '../dist/core/model/index.js';
import { cropInto } from '../dist/core/pixels/rows.js';
import { openSessionPool } from '../dist/core/session/session-pool.js';
import { pictureSettingsSchema } from '../dist/core/still/picture-settings.js';
import { upscaleImageFile } from '../dist/core/still/upscale-image.js';
import { planTiles } from '../dist/core/tile/tiles.js';
import { AUTOMATIC_NETWORK, resolveUpscalerOptions } from '../dist/core/upscaler/network-settings.js';
import { openUpscaler } from '../dist/core/upscaler/open-upscaler.js';
import { CPU_TARGET } from '../dist/core/upscaler/window-runner.js';
import { upscaleFilm, videoSettingsSchema } from '../dist/video/index.js';
import { makeClip, scratchFolder, spread } from './support.mjs';

const MODEL = process.env.MODEL ?? 'realesr-general-x4v3';
const ROUNDS = Number(process.env.ROUNDS ?? 3);
/** Of a clip of 256x192; larger ones get fewer, for about the same time. */
const FRAMES = Number(process.env.FRAMES ?? 100);
/** `still` or `clip`; default: both. */
const KIND = process.env.KIND ?? '';
const FORMAT = { channels: 3, bytesPerSample: 1 };
const folder = scratchFolder();
const model = await loadModel(MODEL);
const networkFile = await model.networkFile({ ...FORMAT, target: CPU_TARGET });

console.log(`${MODEL}, cpu, ${ROUNDS} rounds: seconds with upreel / seconds of bare session.run, median (min..max)`);
const SIZES = [
  [256, 192],
  [320, 240],
  [512, 384],
].map(([width, height]) => ({ width, height }));
for (const size of KIND === 'clip' ? [] : SIZES) {
  await compare('still to TIFF, effort fast', size, 1, { name: 'out.tif', effort: 'fast' });
  await compare('still to PNG, effort fast', size, 1, { name: 'out.png', effort: 'fast' });
  await compare('still to PNG', size, 1, { name: 'out.png', effort: 'balanced' });
}
for (const size of KIND === 'still' ? [] : SIZES) {
  const frames = Math.round((FRAMES * 256 * 192) / (size.width * size.height));
  await compare('clip to FFV1', size, frames, { name: 'out.mkv' });
}

async function compare(what, size, count, { name, effort }) {
  const options = resolveUpscalerOptions(settings(), model.descriptor, 'cpu', effort ? 'stills' : 'frames');
  const upscaler = openUpscaler(model, options);
  const pool = openSessionPool({ ...options, scale: model.descriptor.scale });
  const plan = planTiles(size, { ...options, alignPx: 1 });
  const input = await makeInput(effort !== undefined, size, count);
  const windows = cutWindows(input, plan, size);
  const output = join(folder, name);
  const whole = () => (effort ? upscaleStill(input, output, effort, upscaler) : upscaleClip(input, output, upscaler));
  await runBare(pool, windows.slice(0, 4));
  if (effort) await whole();
  else await upscaler.warmUp(FORMAT);
  const ratios = [];
  const seconds = [];
  for (let round = 0; round < ROUNDS; round++) {
    const alone = await runBare(pool, windows);
    rmSync(output, { force: true });
    const together = await timed(whole);
    ratios.push(together / alone);
    seconds.push(together);
  }
  rmSync(output, { force: true });
  await pool.close();
  await upscaler.close();
  console.log(
    `  ${what} ${size.width}x${size.height} x${count} (${windows.length} tiles, ${options.sessions} sessions x ` +
      `${options.threadsPerSession} threads): ratio ${spread(ratios)}, ${spread(seconds, 2)} s`,
  );
}

/** The windows of every frame, as the network gets them: what is in them changes what they cost. */
function cutWindows(input, plan, { width, height }) {
  const args = ['-v', 'error', '-i', input, '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'];
  const frames = run('ffmpeg', args);
  const frameBytes = width * height * 3;
  return Array.from({ length: frames.length / frameBytes }, (_, index) => {
    const data = frames.subarray(index * frameBytes, (index + 1) * frameBytes);
    return plan.tiles.map(({ window }) => {
      const samples = new Uint8Array(window.width * window.height * 3);
      cropInto(samples, { ...FORMAT, width, height, data }, window);
      return { size: window, samples };
    });
  }).flat();
}

/** Seconds of session.run alone for all windows, on sessions that are never kept waiting. */
async function runBare(pool, windows) {
  const before = pool.busyMilliseconds;
  const take = () => {};
  await Promise.all(
    windows.map(({ size, samples }) =>
      pool.run({ networkFile, format: FORMAT, size, fill: (to) => to.set(samples), take }, undefined),
    ),
  );
  return (pool.busyMilliseconds - before) / 1000 / pool.sessions;
}

async function upscaleStill(input, output, effort, upscaler) {
  const request = { input, output: { kind: 'file', path: output }, target: { kind: 'native' } };
  await upscaleImageFile({ ...pictureSettingsSchema.parse({ effort }), ...request }, contextOf(upscaler));
}

async function upscaleClip(input, output, upscaler) {
  const job = { model: { id: MODEL }, flopsPerPixel: 0, program: 'bench', task: null };
  const settings = videoSettingsSchema.parse({ encoder: 'ffv1' });
  await upscaleFilm({ input, output, model: MODEL, settings, job }, contextOf(upscaler));
}

function contextOf(upscaler) {
  const never = new AbortController().signal;
  return { upscaler, model: MODEL, signal: never, drain: never, onEvent: () => {} };
}

async function makeInput(isStill, size, count) {
  const path = join(folder, `${size.width}x${size.height}.mp4`);
  makeClip(path, { ...size, frames: count });
  if (!isStill) return path;
  const still = path.replace(/mp4$/, 'png');
  run('ffmpeg', ['-v', 'error', '-y', '-i', path, '-frames:v', '1', still]);
  return still;
}

function run(command, args) {
  const { status, stdout } = spawnSync(command, args, { stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 2 ** 31 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed.`);
  return stdout;
}

async function timed(action) {
  const start = performance.now();
  await action();
  return (performance.now() - start) / 1000;
}

function settings() {
  return { ...AUTOMATIC_NETWORK, model: MODEL, device: 'cpu' };
}
