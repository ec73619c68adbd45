// Peak resident memory of upreel's processes on 5,000 x 5,000 to 20,000 x 20,000 pixels. The bar: 1.5 GB.
// The network is a small one of made-up weights, so that it does not take the day; MODEL=id takes a real one.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { peakOfCommand } from './process-tree.mjs';
import { scratchFolder, writeSmallNetwork } from './support.mjs';

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const SIDE = Number(process.env.SIDE ?? 5000);
const FORMATS = (process.env.FORMATS ?? 'png,tiff,jpg').split(',');
const folder = scratchFolder();
const model = process.env.MODEL ?? writeSmallNetwork(join(folder, 'small.safetensors'));

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
