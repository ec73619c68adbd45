// One network in one precision on one device, in a process of its own: it may crash. The order is the first argument
// (JSON), the answer is one line of JSON. `kind`: proof | tiles | lane | frames | copy.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, TensorShapeProto_DimensionSchema } from 'onnx-buf';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { loadModel } from '../../dist/core/model/index.js';
import { OnnxWriter } from '../../dist/core/model/onnx/onnx-writer.js';
import { AUTOMATIC_NETWORK, resolveUpscalerOptions } from '../../dist/core/upscaler/network-settings.js';
import { openUpscaler } from '../../dist/core/upscaler/open-upscaler.js';
import { median } from '../support.mjs';

const order = JSON.parse(process.argv[2]);
const { device, model: id, precision = 'float32', seconds = 0.25 } = order;
const KINDS = { proof, tiles, lane, frames, copy };
const model = id && (await loadModel(id));
const answer = await KINDS[order.kind]();
console.log(JSON.stringify(answer));
// WebGPU's own threads are not waited for.
process.exit(0);

/** Largest difference and share of samples that differ, against float32 on the CPU. */
async function proof() {
  const { side } = order;
  const samples = picture(1, side);
  const expected = await upscaled(await open({ device: 'cpu', precision: 'float32' }), samples, 1, side);
  const got = await upscaled(await open({}), samples, 1, side);
  let [largest, differing, sum] = [0, 0, 0];
  expected.forEach((level, index) => {
    const distance = Math.abs(level - got[index]);
    largest = Math.max(largest, distance);
    sum += distance;
    if (distance > 0) differing++;
  });
  return { largest, share: differing / expected.length, mean: sum / expected.length };
}

/** Milliseconds of one run (upload, network, download), median, by side and batch. */
async function tiles() {
  const results = [];
  let session = null;
  const opening = performance.now();
  for (const [batch, side] of order.sizes) {
    if (session === null || order.fixed) session = await open({ batch, side });
    const opened = performance.now() - opening;
    const samples = picture(batch, side);
    try {
      const first = await timed(() => upscaled(session, samples, batch, side));
      const times = [];
      const end = performance.now() + seconds * 1000;
      while (times.length < 3 || performance.now() < end) {
        times.push(await timed(() => upscaled(session, samples, batch, side)));
        if (times.length >= 3 && times[0] > 10_000) break;
      }
      results.push({ batch, side, first, milliseconds: median(times), runs: times.length });
    } catch (error) {
      results.push({ batch, side, failure: String(error.message).slice(0, 200) });
      break;
    }
    if (results.length === 1) results[0].opened = opened;
  }
  return { results, gpuMegabytes: gpuMegabytes() };
}

/** Runs for some seconds once it is told to by a line; says first that it is ready. */
async function lane() {
  const { side } = order;
  const session = await open({});
  const samples = picture(1, side);
  for (let run = 0; run < 3; run++) await upscaled(session, samples, 1, side);
  console.log('ready');
  await new Promise((resolve) => process.stdin.once('data', resolve));
  const start = performance.now();
  let runs = 0;
  while (performance.now() - start < seconds * 1000) {
    await upscaled(session, samples, 1, side);
    runs++;
  }
  return { perSecond: (runs * 1000) / (performance.now() - start) };
}

/** Frames per second of the whole upscaler, frames made in memory, one more in flight than there are sessions. */
async function frames() {
  const chosen = { ...AUTOMATIC_NETWORK, model: id, device, tilePx: order.tilePx };
  const precise = { ...model, networkFile: (variant) => model.networkFile({ ...variant, precision }) };
  const usual = resolveUpscalerOptions(chosen, model.descriptor, device, 'frames');
  const options = { ...usual, sessions: order.sessions ?? usual.sessions };
  const upscaler = openUpscaler(precise, options);
  const results = [];
  for (const [width, height] of order.frames) {
    const source = { width, height, channels: 3, bytesPerSample: 1, data: picture(1, height, width) };
    const { scale } = model.descriptor;
    const into = Array.from({ length: 1 + options.sessions }, () => ({
      ...{ ...source, width: width * scale, height: height * scale },
      data: new Uint8Array(source.data.length * scale ** 2),
    }));
    await upscaler.upscale(source, { into: into[0] });
    const start = performance.now();
    let done = 0;
    const keepOn = async (own) => {
      do {
        await upscaler.upscale(source, { into: own });
        done++;
      } while (performance.now() - start < seconds * 1000);
    };
    await Promise.all(into.map(keepOn));
    const perSecond = (done * 1000) / (performance.now() - start);
    results.push({ width, height, tiles: upscaler.countTiles({ width, height }), perSecond });
  }
  return { results };
}

/** A graph without a network (nearest enlargement by 4): what upload, wrapping and download take. */
async function copy() {
  const writer = new OnnxWriter();
  const cast = writer.node('Cast', ['source'], { to: 1 });
  const planes = writer.node('Transpose', [cast], { perm: [0, 3, 1, 2] });
  const large = writer.node('Resize', [planes, '', writer.exact(1, 1, 4, 4)], {
    ...{ mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
  });
  const back = writer.node('Transpose', [large], { perm: [0, 2, 3, 1] });
  writer.node('Cast', [back], { to: 2 }, 'upscaled');
  const port = (name, h, w) => ({ name, type: 'uint8', dimensions: ['count', h, w, 3] });
  const session = await InferenceSession.create(
    writer.encode(port('source', 'height', 'width'), port('upscaled', 'h', 'w')),
    { executionProviders: [device], logSeverityLevel: 3 },
  );
  const results = [];
  for (const side of order.sides) {
    const samples = picture(1, side);
    const run = () => upscaled(session, samples, 1, side, 4);
    await run();
    const times = [];
    for (let i = 0; i < 9; i++) times.push(await timed(run));
    results.push({ side, milliseconds: median(times) });
  }
  return { results };
}

async function open({ device: on = device, precision: as = precision, batch, side }) {
  const target = on === 'cpu' ? 'any' : 'gpu';
  const path = await model.networkFile({ bytesPerSample: 1, channels: 3, target, precision: as });
  const { provider = {}, fixed } = order;
  const executionProviders = on === 'cpu' ? ['cpu'] : [{ name: on, ...provider }];
  const sizes = fixed && on !== 'cpu' ? { freeDimensionOverrides: { count: batch, height: side, width: side } } : {};
  const common = { graphOptimizationLevel: 'all', logSeverityLevel: 3, enableMemPattern: on !== 'cpu' };
  return InferenceSession.create(withFreeBatch(readFileSync(path)), {
    ...common,
    executionProviders,
    ...sizes,
  });
}

/** The wrapped network has a batch of 1. */
function withFreeBatch(bytes) {
  const proto = fromBinary(ModelProtoSchema, bytes);
  for (const port of [...proto.graph.input, ...proto.graph.output]) {
    const { dim } = port.type.value.value.shape;
    dim[0] = create(TensorShapeProto_DimensionSchema, { value: { case: 'dimParam', value: 'count' } });
  }
  return toBinary(ModelProtoSchema, proto);
}

async function upscaled(session, samples, batch, height, scale = model.descriptor.scale) {
  const width = samples.length / 3 / batch / height;
  const bytes = samples.length * scale * scale;
  const kept = upscaled.kept?.length === bytes ? upscaled.kept : new Uint8Array(bytes);
  upscaled.kept = order.kind === 'proof' ? undefined : kept;
  const dimensions = [batch, height * scale, width * scale, 3];
  await session.run(
    { source: new Tensor('uint8', samples, [batch, height, width, 3]) },
    { upscaled: new Tensor('uint8', kept, dimensions) },
  );
  return kept;
}

/** Slopes with a hashed texture on top. */
function picture(batch, height, width = height) {
  const samples = new Uint8Array(batch * height * width * 3);
  for (let i = 0; i < samples.length; i++) {
    const pixel = Math.floor(i / 3);
    samples[i] =
      40 +
      (((pixel % width) >> 1) % 90) +
      (Math.floor(pixel / width) % 50) +
      ((Math.imul(i + 1, 2654435761) >>> 24) % 48);
  }
  return samples;
}

async function timed(action) {
  const start = performance.now();
  await action();
  return performance.now() - start;
}

/** Of the whole card: other programs count, too. */
function gpuMegabytes() {
  try {
    const args = ['--query-gpu=memory.used', '--format=csv,noheader,nounits'];
    return Number(
      execFileSync('nvidia-smi', args, { stdio: ['ignore', 'pipe', 'ignore'] })
        .toString()
        .split('\n')[0],
    );
  } catch {
    return null;
  }
}
