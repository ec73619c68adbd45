// How windows of one area cost by their shape, and two sessions of one thread beside one of two: bare session.run in
// turns, so that what else the machine does meets all alike. The bar for another layout than upreel's is 3 %.
// Environment: MODELS (commas), SIDE (192), SECONDS for each row (30).
import { cpus } from 'node:os';
import { loadModel } from '../dist/core/model/index.js';
import { openSessionPool } from '../dist/core/session/session-pool.js';
import { CPU_TARGET } from '../dist/core/upscaler/window-runner.js';
import { median, spread } from './support.mjs';

const models = (process.env.MODELS ?? 'realesr-general-x4v3,realesr-animevideov3-x2,realesr-animevideov3-x4').split(
  ',',
);
const side = Number(process.env.SIDE ?? 192);
const seconds = Number(process.env.SECONDS ?? 30);
const cores = cpus().length;
const FORMAT = { channels: 3, bytesPerSample: 1 };
const noise = Uint8Array.from({ length: 4 * side * side * 3 }, (_, at) => (at * 7919) % 251);
/** Width over height. */
const SHAPES = [1, 2, 0.5, 4, 0.25];

console.log(`${cores} cores; time over that of square windows of ${side}x${side}, median (least..most)`);
console.log(`| network | ${SHAPES.map(nameOf).join(' | ')} | ${cores} sessions of one thread over one of ${cores} |`);
console.log(`| --- |${' --- |'.repeat(SHAPES.length + 1)}`);
for (const id of models) {
  const model = await loadModel(id);
  const networkFile = await model.networkFile({ ...FORMAT, target: CPU_TARGET });
  const open = (sessions) =>
    openSessionPool({
      device: 'cpu',
      scale: model.descriptor.scale,
      sessions,
      threadsPerSession: cores / sessions,
      gpus: [],
    });
  const [one, many] = [open(1), open(cores)];
  const jobs = [...SHAPES.map((shape) => () => time(one, shape)), () => time(many, 1)];
  for (const job of jobs) await job();
  const ratios = jobs.map(() => []);
  const until = performance.now() + seconds * 1000;
  for (let turn = 0; performance.now() < until || turn < 3; turn++) {
    const times = [];
    // Each turn begins with another one.
    for (let at = 0; at < jobs.length; at++) times[(at + turn) % jobs.length] = await jobs[(at + turn) % jobs.length]();
    for (const [index, took] of times.entries()) ratios[index].push(took / times[0]);
  }
  const cells = ratios.slice(1).map((each) => spread(each, 2));
  console.log(`| ${id} | 1 (${(median([await time(one, 1)])).toFixed(0)} ms) | ${cells.join(' | ')} |`);
  await Promise.all([one.close(), many.close()]);

  /** Milliseconds for as many windows as there are cores. */
  async function time(pool, shape) {
    const width = Math.round(side * Math.sqrt(shape));
    const size = { width, height: Math.round((side * side) / width) };
    const began = performance.now();
    const fill = (to) => to.set(noise.subarray(0, to.length));
    const run = () => pool.run({ networkFile, format: FORMAT, size, fill, take: () => {} }, undefined);
    await Promise.all(Array.from({ length: cores }, run));
    return performance.now() - began;
  }
}

function nameOf(shape) {
  return shape === 1 ? 'square' : shape > 1 ? `${shape} times as wide as high` : `${1 / shape} times as high as wide`;
}
