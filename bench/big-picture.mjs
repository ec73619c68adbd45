// Peak resident memory of upreel's processes on 5,000 x 5,000 to 20,000 x 20,000 pixels. The bar: 1.5 GB.
// The network is a small one of made-up weights, so that it does not take the day; MODEL=id takes a real one.
// SIZE=20000x14000 instead of SIDE=5000; ALPHA=1 adds an alpha plane with holes; ARGS are more flags (--size 20000x);
// CLI=another/dist/cli.js measures another state.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { peakOfCommand } from './process-tree.mjs';
import { scratchFolder, writeSmallNetwork } from './support.mjs';

const CLI = process.env.CLI ?? fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const SIDE = Number(process.env.SIDE ?? 5000);
const [WIDTH, HEIGHT] = (process.env.SIZE ?? `${SIDE}x${SIDE}`).split('x').map(Number);
const MORE = (process.env.ARGS ?? '').split(' ').filter(Boolean);
const FORMATS = (process.env.FORMATS ?? 'png,tiff,jpg').split(',');
const folder = scratchFolder();
const model = process.env.MODEL ?? writeSmallNetwork(join(folder, 'small.safetensors'));

const input = join(folder, 'big.png');
const noise = { type: 'gaussian', mean: 128, sigma: 50 };
const create = { width: WIDTH / 10, height: HEIGHT / 10, channels: 3, background: '#000', noise };
const small = sharp({ create });
if (process.env.ALPHA)
  small.joinChannel(discs(WIDTH / 10, HEIGHT / 10), { raw: { width: WIDTH / 10, height: HEIGHT / 10, channels: 1 } });
const colours = await small.png().toBuffer();
await sharp(colours).resize(WIDTH, HEIGHT, { fit: 'fill' }).png({ compressionLevel: 1 }).toFile(input);

for (const format of FORMATS) {
  const output = join(folder, `out.${format}`);
  const args = [CLI, input, '-o', output, '-m', model, '--device', 'cpu', '--no-tui', ...MORE];
  const { peakBytes, seconds, cpuSeconds } = await peakOfCommand(process.execPath, args, { stdio: 'ignore' });
  const { width, height } = await sharp(output, { limitInputPixels: false }).metadata();
  const time = `${seconds.toFixed(0)} s (${cpuSeconds.toFixed(0)} s of processors)`;
  console.log(`  ${format}: ${width}x${height}, peak ${(peakBytes / 1e6).toFixed(0)} MB, ${time}`);
}

/** Alpha: opaque discs of 80 px on nothing, so that a fifth is under alpha 0. */
function discs(width, height) {
  const inside = (value) => (value % 80) - 40;
  return Buffer.from(
    Uint8Array.from({ length: width * height }, (_, i) => {
      const distance = Math.hypot(inside(i % width), inside(Math.floor(i / width)));
      return Math.max(0, Math.min(255, (41 - distance) * 128));
    }),
  );
}
