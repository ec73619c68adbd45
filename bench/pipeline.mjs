// Whether decoding, the network and encoding overlap: time of a 300-frame clip against the larger of the slowest stage
// alone and the total of CPU time over the cores (Linux). The bar is 1.05.
import { readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { loadModel } from '../dist/core/model/index.js';
import { openUpscaler } from '../dist/core/open-upscaler.js';
import { AUTOMATIC_NETWORK, resolveUpscalerOptions } from '../dist/core/options.js';
import { openSessionPool } from '../dist/core/session-pool.js';
import { startDecoder } from '../dist/video/decode.js';
import { startEncoder } from '../dist/video/encode.js';
import { videoSettingsSchema } from '../dist/video/index.js';
import { planVideo } from '../dist/video/plan.js';
import { preparePicture } from '../dist/video/prepare-picture.js';
import { probeVideo } from '../dist/video/probe.js';
import { runSegment } from '../dist/video/run-segment.js';
import { scanPackets } from '../dist/video/scan.js';
import { planSegments } from '../dist/video/segments.js';
import { makeClip, scratchFolder } from './support.mjs';

const MODEL = process.env.MODEL ?? 'realesr-animevideov3-x2';
const FRAMES = Number(process.env.FRAMES ?? 300);
const CORES = availableParallelism();
const CLOCK_TICKS = 100;
const signal = new AbortController().signal;
const folder = scratchFolder();
const model = await loadModel(MODEL);
const options = resolveUpscalerOptions(
  { ...AUTOMATIC_NETWORK, model: MODEL, device: 'cpu' },
  model.descriptor,
  'cpu',
  'frames',
);
const upscaler = openUpscaler(model, options);
const size = { width: 96, height: 64 };
const clip = makeClip(join(folder, 'clip.mp4'), { ...size, frames: FRAMES });

console.log(`${MODEL}, ${size.width}x${size.height}, ${FRAMES} frames, ${CORES} cores`);
for (const encoder of ['ffv1', 'libx264', 'libx265']) await measure(encoder);
await upscaler.close();

async function measure(encoder) {
  const source = await probeVideo(clip, signal);
  const scan = await scanPackets(source.path, source.video.index, signal);
  const settings = videoSettingsSchema.parse({ encoder });
  const request = { output: join(folder, 'out.mkv'), settings };
  const picture = await preparePicture(source, scan, request, signal);
  const plan = planVideo(source, scan, request, upscaler.scale, picture);
  const [film] = planSegments(plan, { seconds: 3600, frames: 1e9 });
  await upscaler.warmUp(plan.format);

  const { seconds: decode, result: frames } = await timed(() => decodeAlone(plan, film));
  const { seconds: network } = await networkAlone(plan);
  const upscaled = [];
  for (const frame of frames) upscaled.push(await upscaler.upscale(frame));
  const { seconds: encode } = await timed(() => encodeAlone(plan, upscaled));

  const cpuBefore = cpuSeconds();
  const watch = { onTile() {}, onReuse() {}, onFrame() {}, onStart() {}, onHandedOver() {} };
  const file = join(folder, `out${plan.encoder.segmentContainer.extension}`);
  const { seconds: wall } = await timed(() =>
    runSegment(plan, film, { upscaler, file, watch, stallSeconds: 120, signal }),
  );
  const cpu = (cpuSeconds() - cpuBefore) / CORES;
  const bound = Math.max(decode, network, encode, cpu);
  console.log(
    `  ${encoder}: ${wall.toFixed(2)} s; alone: decoding ${decode.toFixed(2)}, network ${network.toFixed(2)}, ` +
      `encoding ${encode.toFixed(2)}; CPU time / cores ${cpu.toFixed(2)}; ratio ${(wall / bound).toFixed(3)}`,
  );
}

/** @returns the first frames. */
async function decodeAlone(plan, film) {
  const kept = [];
  for await (const frame of startDecoder(plan, film, 4, signal).frames) {
    if (kept.length < 24) kept.push({ ...frame.raster, data: frame.raster.data.slice() });
    frame.release();
  }
  return kept;
}

async function networkAlone({ format }) {
  const pool = openSessionPool({ ...options, scale: upscaler.scale });
  const networkFile = await model.networkFile(format);
  await pool.warmUp(format, networkFile);
  const run = { networkFile, format, size, fill: () => {}, take: () => {} };
  const runs = await timed(() => Promise.all(Array.from({ length: FRAMES }, () => pool.run(run, signal))));
  await pool.close();
  return runs;
}

async function encodeAlone(plan, upscaled) {
  const file = join(folder, `alone${plan.encoder.segmentContainer.extension}`);
  rmSync(file, { force: true });
  const encoder = startEncoder(plan, file, null, signal);
  for (let i = 0; i < FRAMES; i++) {
    await encoder.write({ raster: upscaled[i % upscaled.length], ptsTicks: plan.scan.ptsTicks[i], release() {} });
  }
  await encoder.finish();
}

/** User and system time of this process and of the children that have ended. */
function cpuSeconds() {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / CLOCK_TICKS;
}

async function timed(action) {
  const start = performance.now();
  const result = await action();
  return { seconds: (performance.now() - start) / 1000, result };
}
