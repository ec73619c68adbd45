// What looking for changes costs where there are none to save on (the bar: 2 % of the network's time), and what it
// saves on a screen that mostly stands still. CLIP=file measures a clip of one's own; FRAMES limits it.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { loadModel } from '../dist/core/model/index.js';
import { changedRects } from '../dist/core/tile/changed-rects.js';
import { AUTOMATIC_NETWORK, resolveUpscalerOptions } from '../dist/core/upscaler/network-settings.js';
import { openUpscaler } from '../dist/core/upscaler/open-upscaler.js';
import { upscaleFilm, videoSettingsSchema } from '../dist/video/index.js';
import { makeClip, median, scratchFolder } from './support.mjs';

const MODEL = process.env.MODEL ?? 'realesr-animevideov3-x2';
const FRAMES = Number(process.env.FRAMES ?? 60);
const FORMAT = { channels: 3, bytesPerSample: 1 };
const folder = scratchFolder();
const model = await loadModel(MODEL);
const options = resolveUpscalerOptions(
  { ...AUTOMATIC_NETWORK, model: MODEL, device: 'cpu' },
  model.descriptor,
  'cpu',
  'frames',
);
const upscaler = openUpscaler(model, options);
await upscaler.warmUp(FORMAT);

await compareCost();
await saving(process.env.CLIP ?? makeScreen(join(folder, 'screen.mkv'), FRAMES));
await upscaler.close();

async function compareCost() {
  const size = { width: 1280, height: 720 };
  const bytes = size.width * size.height * 3;
  const film = framesOf(makeClip(join(folder, 'film.mp4'), { ...size, frames: 24 }), bytes);
  const screen = framesOf(makeScreen(join(folder, 'wide.mkv'), 24, size), bytes);
  // The network's own time for such a frame, from a part of it.
  const part = { width: 128, height: 128, ...FORMAT, data: new Uint8Array(128 * 128 * 3) };
  await upscaler.upscale(part);
  const parts = [];
  for (let i = 0; i < 5; i++) parts.push(await timed(() => upscaler.upscale(part)));
  const network = (median(parts) * size.width * size.height) / 128 ** 2 / upscaler.lanes;
  console.log(`comparing frames of 1280x720; ${MODEL} needs about ${(network * 1000).toFixed(0)} ms for one:`);
  for (const [what, frames, threshold] of [
    ['film, new everywhere', film, 0],
    ['screen, little changes', screen, 0],
    ['nothing changes', [screen[0], { ...screen[0], data: screen[0].data.slice() }], 0],
    ['film, threshold 2', film, 2],
    ['screen, threshold 2', screen, 2],
  ]) {
    const times = [];
    for (let round = 0; round < 5; round++) {
      for (let i = 1; i < frames.length; i++) {
        const start = performance.now();
        changedRects(frames[i - 1], frames[i], threshold);
        times.push(performance.now() - start);
      }
    }
    const ms = median(times);
    console.log(`  ${what}: ${ms.toFixed(3)} ms, ${(ms / network / 10).toFixed(4)} %`);
  }
  function framesOf(file, frameBytes) {
    const args = ['-v', 'error', '-i', file, '-pix_fmt', 'rgb24', '-f', 'rawvideo', '-'];
    const { stdout } = spawnSync('ffmpeg', args, { maxBuffer: 1e9 });
    return Array.from({ length: stdout.length / frameBytes }, (_, i) => {
      return { ...size, ...FORMAT, data: new Uint8Array(stdout.subarray(i * frameBytes, (i + 1) * frameBytes)) };
    });
  }
}

async function saving(clip) {
  const results = {};
  for (const reuse of [true, false]) {
    const output = join(folder, 'out.mkv');
    rmSync(output, { force: true });
    const settings = videoSettingsSchema.parse({ encoder: 'ffv1', reuse });
    const { signal } = new AbortController();
    const context = { upscaler, onEvent: () => {}, signal, drain: signal };
    const job = { model: { id: MODEL }, flopsPerPixel: 0, program: 'bench', task: null };
    let result;
    const seconds = await timed(async () => {
      result = await upscaleFilm({ input: clip, output, model: MODEL, settings, job }, context);
    });
    results[reuse] = { seconds, result, bytes: readFileSync(output) };
  }
  const { frames, framesUnchanged, framesPartly, framesOfWork } = results.true.result.reuse;
  const isSame = results.true.bytes.equals(results.false.bytes);
  console.log(
    `screen, ${frames} frames (${framesUnchanged} unchanged, ${framesPartly} in parts, work of ${framesOfWork.toFixed(1)}): ` +
      `${results.true.seconds.toFixed(1)} s with reuse, ${results.false.seconds.toFixed(1)} s without, ` +
      `${(results.false.seconds / results.true.seconds).toFixed(2)} times; files ${isSame ? 'equal' : 'DIFFERENT'}`,
  );
  if (!isSame) process.exitCode = 1;
}

/** A still screen with a cursor that blinks and a bar that moves now and then. */
function makeScreen(path, frames, { width, height } = { width: 320, height: 192 }) {
  const graph =
    `testsrc2=size=${width}x${height}:rate=24,trim=end_frame=1,loop=-1:1,` +
    `drawbox=x=${width >> 1}:y=${height >> 1}:w=6:h=12:color=white:t=fill:enable='lt(mod(n\\,24)\\,12)'[a];` +
    `color=red:size=20x8:rate=24[b];[a][b]overlay=x='4+4*floor(n/6)':y=8`;
  const args = ['-v', 'error', '-y', '-filter_complex', graph, '-frames:v', String(frames), '-c:v', 'ffv1', path];
  if (spawnSync('ffmpeg', args, { stdio: 'inherit' }).status !== 0) throw new Error('ffmpeg could not make the clip.');
  return path;
}

async function timed(action) {
  const start = performance.now();
  await action();
  return (performance.now() - start) / 1000;
}
