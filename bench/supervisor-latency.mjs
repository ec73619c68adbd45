// How late a 10 ms timer of the supervisor fires while its engine infers with all cores. The bar is 50 ms.
import { join } from 'node:path';
import sharp from 'sharp';
import { AUTOMATIC_NETWORK } from '../dist/core/upscaler/network-settings.js';
import { startEngine } from '../dist/engine/engine-client.js';
import { scratchFolder } from './support.mjs';

const folder = scratchFolder();
const input = join(folder, 'noise.png');
const noise = { type: 'gaussian', mean: 128, sigma: 30 };
await sharp({ create: { width: 512, height: 384, channels: 3, background: '#000', noise } })
  .png()
  .toFile(input);

const engine = startEngine();
const gaps = [];
let last = performance.now();
const timer = setInterval(() => {
  const now = performance.now();
  gaps.push(now - last);
  last = now;
}, 10);
const network = { ...AUTOMATIC_NETWORK, model: 'realesr-general-x4v3', device: 'cpu' };
const request = { input, output: { kind: 'file', path: join(folder, 'out.png') }, target: { kind: 'native' } };
const rest = { overwrite: false, quality: null, strip: false, flatten: null, maxInputMegapixels: 100 };
await engine.run(
  { kind: 'image', network, request: { ...request, ...rest } },
  { signal: new AbortController().signal, onEvent: () => {} },
);
clearInterval(timer);
await engine.close();
gaps.sort((a, b) => a - b);
const at = (share) => gaps[Math.min(gaps.length - 1, Math.floor(gaps.length * share))].toFixed(1);
console.log(`  ${gaps.length} ticks: median ${at(0.5)} ms, 99 % ${at(0.99)} ms, longest ${at(1)} ms`);
