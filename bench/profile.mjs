// Where a network's time goes on the CPU: onnxruntime's own profile of one window, by kinds of layers, and what the
// convolutions reach of the cores. Environment: MODELS (commas), SIDE (256), THREADS (all), RUNS (5).
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { loadModel } from '../dist/core/model/index.js';
import { CPU_TARGET } from '../dist/core/upscaler/window-runner.js';
import { scratchFolder } from './support.mjs';

const MODELS = 'realesr-general-x4v3,realesr-animevideov3-x2,realesr-animevideov3-x4,realesrgan-x4plus-anime';
const models = (process.env.MODELS ?? MODELS).split(',');
const side = Number(process.env.SIDE ?? 256);
const threads = Number(process.env.THREADS ?? availableParallelism());
const runs = Number(process.env.RUNS ?? 5);
const folder = scratchFolder();
const noise = Uint8Array.from({ length: side * side * 3 }, (_, at) => (Math.imul(at + 1, 2654435761) >>> 24) & 255);

for (const id of models) {
  const rows = await profile(id);
  const all = rows.reduce((sum, { seconds }) => sum + seconds, 0);
  console.log(
    `\n${id}, ${side}x${side}, ${threads} threads: ${(1000 * all).toFixed(0)} ms in layers, mean of ${runs} runs`,
  );
  console.log('| layers | number | share of the time | GFLOP/s |');
  console.log('| --- | --- | --- | --- |');
  for (const { kind, count, seconds, flops } of rows) {
    const speed = flops === 0 ? '' : (flops / seconds / 1e9).toFixed(0);
    console.log(`| ${kind} | ${Math.round(count)} | ${((100 * seconds) / all).toFixed(1)} % | ${speed} |`);
  }
}

async function profile(id) {
  const model = await loadModel(id);
  const file = await model.networkFile({ bytesPerSample: 1, channels: 3, target: CPU_TARGET });
  const session = await InferenceSession.create(file, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    enableMemPattern: false,
    enableProfiling: true,
    profileFilePrefix: join(folder, id),
  });
  const source = new Tensor('uint8', noise, [1, side, side, 3]);
  for (let run = 0; run <= runs; run++) await session.run({ source });
  session.endProfiling();
  await session.release();
  const written = readdirSync(folder).find((name) => name.startsWith(`${id}_`));
  return summarise(JSON.parse(readFileSync(join(folder, written), 'utf8')));
}

/** Mean of all runs but the first, which allocates. */
function summarise(events) {
  const nodes = events.filter(({ cat, name }) => cat === 'Node' && name.endsWith('_kernel_time'));
  const perRun = nodes.length / (runs + 1);
  const kinds = new Map();
  for (const [index, { dur, args }] of nodes.entries()) {
    if (index < perRun) continue;
    const { kind, flops } = describe(args);
    const row = kinds.get(kind) ?? { kind, count: 0, seconds: 0, flops: 0 };
    row.count += 1 / runs;
    row.seconds += dur / 1e6 / runs;
    row.flops += flops / runs;
    kinds.set(kind, row);
  }
  return [...kinds.values()].sort((a, b) => b.seconds - a.seconds);
}

/** Winograd's way saves some of a convolution's operations; they count in full, as the peers' table has it. */
function describe({ op_name: op, input_type_shape: inputs, output_type_shape: outputs }) {
  if (!/Conv/.test(op)) return { kind: op, flops: 0 };
  const [x, weight] = inputs.map((each) => Object.values(each)[0]);
  const [out] = outputs.map((each) => Object.values(each)[0]);
  const [outChannels, inChannels, height, width] = weight;
  const isDepthwise = inChannels === 1 && x[1] > 1;
  const flops = 2 * out[2] * out[3] * outChannels * inChannels * height * width;
  const kind = isDepthwise ? 'PReLU, as depthwise convolutions' : `${height}x${width}, ${inChannels} to ${outChannels}`;
  return { kind, flops: isDepthwise ? 0 : flops };
}
