// Peak resident memory of upreel's processes on 5,000 x 5,000 to 20,000 x 20,000 pixels. The bar: 1.5 GB.
// The network is a small one of made-up weights, so that it does not take the day; MODEL=id takes a real one.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { peakOfCommand } from './process-tree.mjs';
import { scratchFolder } from './support.mjs';

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const SIDE = Number(process.env.SIDE ?? 5000);
const FORMATS = (process.env.FORMATS ?? 'png,tiff,jpg').split(',');
const folder = scratchFolder();
const model = process.env.MODEL ?? writeNetwork(join(folder, 'small.safetensors'));

const input = join(folder, 'big.png');
const noise = { type: 'gaussian', mean: 128, sigma: 50 };
await sharp({ create: { width: SIDE / 10, height: SIDE / 10, channels: 3, background: '#000', noise } })
  .resize(SIDE, SIDE)
  .png({ compressionLevel: 1 })
  .toFile(input);

for (const format of FORMATS) {
  const output = join(folder, `out.${format}`);
  const args = [CLI, input, '-o', output, '-m', model, '--device', 'cpu', '--no-tui'];
  const { peakBytes, seconds } = await peakOfCommand(process.execPath, args, { stdio: 'ignore' });
  const { width, height } = await sharp(output, { limitInputPixels: false }).metadata();
  console.log(`  ${format}: ${width}x${height}, peak ${(peakBytes / 1e6).toFixed(0)} MB, ${seconds.toFixed(0)} s`);
}

/** A Compact network, 16 features and two convolutions in its body, that changes the enlarged picture a little. */
function writeNetwork(path) {
  const shapes = { 'body.0.weight': [16, 3, 3, 3], 'body.0.bias': [16], 'body.1.weight': [16] };
  Object.assign(shapes, { 'body.2.weight': [16, 16, 3, 3], 'body.2.bias': [16], 'body.3.weight': [16] });
  Object.assign(shapes, { 'body.4.weight': [48, 16, 3, 3], 'body.4.bias': [48] });
  const header = {};
  const parts = [];
  let position = 0;
  for (const [key, shape] of Object.entries(shapes)) {
    const count = shape.reduce((a, b) => a * b, 1);
    const data = Float32Array.from({ length: count }, (_, i) => 0.05 * Math.sin(i * 12.9898 + count));
    header[key] = { dtype: 'F32', shape, data_offsets: [position, position + 4 * count] };
    position += 4 * count;
    parts.push(new Uint8Array(data.buffer));
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(path, Buffer.concat([length, text, ...parts]));
  return path;
}
