// Whether decoding, the network and encoding overlap: time of a 300-frame clip against the larger of the slowest stage
// alone and the total of CPU time over the cores (Linux). The bar is 1.05. On a machine busy with other work that says
// little; the share of time in which the sessions had work does: where the network is the slowest stage, 1 / 1.05.
import { readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { loadModel } from '../dist/core/model/index.js';
import { Pause } from '../dist/core/pause.js';
import { openSessionPool } from '../dist/core/session/session-pool.js';
import { AUTOMATIC_NETWORK, resolveUpscalerOptions } from '../dist/core/upscaler/network-settings.js';
import { CPU_TARGET } from '../dist/core/upscaler/window-runner.js';
import { startDecoder } from '../dist/video/decode/decode.js';
import { startEncoder } from '../dist/video/encode/encoder-process.js';
import { videoSettingsSchema } from '../dist/video/index.js';
import { planVideo } from '../dist/video/plan/plan-video.js';
import { preparePicture } from '../dist/video/plan/prepare-picture.js';
import { PreviewTap } from '../dist/video/preview.js';
import { runSegment } from '../dist/video/segment/run-segment.js';
import { planSegments } from '../dist/video/segment/segments.js';
import { StageClocks } from '../dist/video/segment/stage-clocks.js';
import { readSource } from '../dist/video/source/read-source.js';
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
const pool = openSessionPool({ ...options, scale: model.descriptor.scale });
const upscaler = bareUpscaler();
const size = { width: 96, height: 64 };
const clip = makeClip(join(folder, 'clip.mp4'), { ...size, frames: FRAMES });

console.log(`${MODEL}, ${size.width}x${size.height}, ${FRAMES} frames, ${CORES} cores`);
for (const encoder of ['ffv1', 'libx264', 'libx265']) await measure(encoder);
await pool.close();

async function measure(encoder) {
  const facts = await readSource(clip, signal);
  const { source, scan } = facts;
  const settings = videoSettingsSchema.parse({ encoder });
  const request = { output: join(folder, 'out.mkv'), settings };
  const picture = await preparePicture(facts, request, signal);
  const plan = planVideo(source, scan, request, upscaler.scale, picture);
  const [film] = planSegments(plan, { seconds: 3600, frames: 1e9 });
  await pool.warmUp(plan.format, await networkFileOf(plan.format));

  const { seconds: decode, result: frames } = await timed(() => decodeAlone(plan, film));
  const { seconds: network } = await timed(() => networkAlone(plan));
  const upscaled = [];
  for (const frame of frames) upscaled.push(await upscaler.upscale(frame, { into: makeResult(frame) }));
  const { seconds: encode } = await timed(() => encodeAlone(plan, upscaled));

  const cpuBefore = cpuSeconds();
  const busyBefore = pool.busyMilliseconds;
  const clocks = new StageClocks(pool.sessions, () => performance.now() / 1000);
  const watch = { clocks, onTile() {}, onReuse() {}, onFrame() {}, onStart() {}, onHandedOver() {} };
  const file = join(folder, `out${plan.encoder.segmentContainer.extension}`);
  const { seconds: wall } = await timed(() =>
    runSegment(plan, film, {
      upscaler,
      file,
      watch,
      pause: new Pause(),
      preview: new PreviewTap(),
      stallSeconds: 120,
      signal,
    }),
  );
  const cpu = (cpuSeconds() - cpuBefore) / CORES;
  const busy = (pool.busyMilliseconds - busyBefore) / 1000 / (wall * pool.sessions);
  const bound = Math.max(decode, network, encode, cpu);
  console.log(
    `  ${encoder}: ${wall.toFixed(2)} s; alone: decoding ${decode.toFixed(2)}, network ${network.toFixed(2)}, ` +
      `encoding ${encode.toFixed(2)}; CPU time / cores ${cpu.toFixed(2)}; ratio ${(wall / bound).toFixed(3)}; sessions busy ${(100 * busy).toFixed(1)} %`,
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

function networkFileOf(format) {
  return model.networkFile({ ...format, target: CPU_TARGET });
}

async function networkAlone({ format }) {
  const run = { networkFile: await networkFileOf(format), format, size, fill: () => {}, take: () => {} };
  await Promise.all(Array.from({ length: FRAMES }, () => pool.run(run, signal)));
}

/** What openUpscaler makes, for frames of one tile, over a pool that can be asked how busy it is. */
function bareUpscaler() {
  const { scale } = model.descriptor;
  return {
    scale,
    lanes: pool.sessions,
    countTiles: () => 1,
    planChange: () => ({ parts: [], kept: [], workShare: 1 }),
    async upscale(source, { into }) {
      const format = { channels: source.channels, bytesPerSample: source.bytesPerSample };
      const networkFile = await networkFileOf(format);
      const fill = (data) => data.set(source.data);
      await pool.run({ networkFile, format, size, fill, take: (data) => into.data.set(data) }, signal);
      return into;
    },
  };
}

function makeResult({ width, height, channels, bytesPerSample, data }) {
  const { scale } = model.descriptor;
  const bytes = new Uint8Array(data.length * scale ** 2);
  return { width: width * scale, height: height * scale, channels, bytesPerSample, data: bytes };
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
