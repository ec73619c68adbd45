// upreel as a peer among peers (see worker.py for the orders): `upreel` is one picture as users have it, with the tile
// that upreel chooses; `upreel-frames` pictures of a video, with sessions as it chooses; `upreel-tile` one window
// whole.
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { loadModel } from '../../dist/core/model/index.js';
import { fitUpscalerOptions } from '../../dist/core/upscaler/fit-options.js';
import { AUTOMATIC_NETWORK, resolveUpscalerOptions } from '../../dist/core/upscaler/network-settings.js';
import { openUpscaler } from '../../dist/core/upscaler/open-upscaler.js';

const [, , way] = process.argv;
const ORDERS = { open, run, close };
let upscaler = null;
let layout = null;

for await (const line of createInterface({ input: process.stdin })) {
  const [[order, given]] = Object.entries(JSON.parse(line));
  const answer = await ORDERS[order](given).catch((error) => ({ failure: String(error.message) }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await close();

async function open({ model: id, side, threads }) {
  await close();
  const start = performance.now();
  const model = await loadModel(id);
  const settings = { ...AUTOMATIC_NETWORK, model: id, device: 'cpu', threads };
  const context = { signal: new AbortController().signal, onWarning: () => {} };
  const work = way === 'upreel-frames' ? 'frames' : 'stills';
  const options =
    way === 'upreel-tile'
      ? { ...resolveUpscalerOptions(settings, model.descriptor, 'cpu', work), tilePx: 4096 }
      : await fitUpscalerOptions(settings, model, work, context);
  upscaler = openUpscaler(model, options);
  const tiles = upscaler.countTiles({ width: side, height: side });
  // So many at once that no session is without work for long.
  const atOnce = way === 'upreel-frames' && tiles < 4 * options.sessions ? options.sessions : 1;
  const { sessions, threadsPerSession, tilePx } = options;
  layout = { sessions, threadsPerSession, tilePx, tiles, atOnce };
  return { version: 'upreel', seconds: (performance.now() - start) / 1000, layout };
}

async function run({ input, output, side, times }) {
  const data = Uint8Array.from(floats(input, side), (value) => Math.round(value * 255));
  const source = { width: side, height: side, channels: 3, bytesPerSample: 1, data };
  const seconds = [];
  let made = null;
  for (let time = 0; time < times; time++) {
    const start = performance.now();
    const all = await Promise.all(Array.from({ length: layout.atOnce }, () => upscaler.upscale(source)));
    seconds.push((performance.now() - start) / 1000 / layout.atOnce);
    [made] = all;
  }
  if (output) writeFileSync(output, made.data);
  return { seconds };
}

async function close() {
  await upscaler?.close();
  upscaler = null;
  return {};
}

/** NCHW as the peers read it -> NHWC. */
function floats(input, side) {
  const bytes = readFileSync(input);
  const planes = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const pixels = side * side;
  return Float32Array.from(planes, (_, at) => planes[(at % 3) * pixels + Math.floor(at / 3)]);
}
