// Seam error of deep networks: tiled against untiled, by halo and feather. docs/tiling.md has the table and the choice.
// MODEL=id,... PICTURE=file HALOS=16,32,... SIZE=384x256 GRID=1 make bench BENCH=seams
// Ends with the rows of docs/networks.md's table: each network's default feather, a quarter of the halo.
import sharp from 'sharp';
import { loadModel } from '../dist/core/model/index.js';
import { makeRaster } from '../dist/core/pixels/raster.js';
import { cropInto, cutRows } from '../dist/core/pixels/rows.js';
import { blendDown } from '../dist/core/tile/feather.js';
import { openStitch, rowSpan } from '../dist/core/tile/stitch.js';
import { planTiles } from '../dist/core/tile/tiles.js';
import { openUpscaler } from '../dist/core/upscaler/open-upscaler.js';

const MODELS = (process.env.MODEL ?? 'realesrgan-x4plus-anime').split(',');
const HALOS = (process.env.HALOS ?? '8,16,24,32,48').split(',').map(Number);
/** Tiles begin at multiples of this; default: as the network's own windows do. */
const GRID = process.env.GRID ? Number(process.env.GRID) : undefined;
const TILE = Number(process.env.TILE ?? 128);
const [WIDTH, HEIGHT] = (process.env.SIZE ?? '384x256').split('x').map(Number);
const RGB8 = { channels: 3, bytesPerSample: 1 };
/** Feather as a share of the halo. */
const SHARES = [0, 0.125, 0.25, 0.5];
const USUAL_SHARE = 0.25;

const picture = process.env.PICTURE ? await readPicture(process.env.PICTURE) : await makePicture();
const rows = [];
for (const id of MODELS) rows.push(await measure(id));
console.log(`\n| network | ${HALOS.map((halo) => `halo ${halo}`).join(' | ')} |`);
console.log(`|${'---|'.repeat(HALOS.length + 1)}`);
for (const row of rows) console.log(row);

/** Prints what all feathers give. @returns the network's row of the table */
async function measure(id) {
  const model = await loadModel(id);
  const { scale, receptiveFieldPx, alignPx, gridPx } = model.descriptor;
  const step = GRID ?? Math.max(alignPx, gridPx);
  const one = { device: 'cpu', tilePx: 4096, haloPx: 0, featherPx: 0, sessions: 1, threadsPerSession: 2 };
  const upscaler = openUpscaler(model, { ...one, gpus: [], ensemble: false, rerunBlank: true });
  console.log(
    `${id}: receptive field ${receptiveFieldPx} px, tile ${TILE} px on a grid of ${step}, picture ${WIDTH}x${HEIGHT}`,
  );
  const whole = await upscaler.upscale(picture);
  const row = [model.descriptor.id];
  for (const haloPx of HALOS) {
    const windows = await runWindows(upscaler, planFor(haloPx, 0, step));
    const cells = SHARES.map((share) => {
      const plan = planFor(haloPx, Math.floor(haloPx * share), step);
      const { max, psnr } = compare(stitch(plan, windows, scale), whole);
      if (share === USUAL_SHARE) row.push(max === 0 ? 'equal' : `${psnr.toFixed(1)} dB, ${max}`);
      return `${psnr.toFixed(1)} dB, max ${max} (feather ${plan.featherPx})`;
    });
    console.log(`  halo ${haloPx}: ${cells.join(' | ')}`);
  }
  await upscaler.close();
  return `| ${row.join(' | ')} |`;
}

function planFor(haloPx, featherPx, alignPx) {
  return planTiles({ width: WIDTH, height: HEIGHT }, { tilePx: TILE, haloPx, featherPx, alignPx });
}

/** Each window of the plan as a picture of its own; the feather does not change the windows. */
async function runWindows(upscaler, { tiles }) {
  const results = [];
  for (const { window } of tiles) {
    const part = makeRaster(window.width, window.height, RGB8);
    cropInto(part.data, picture, window);
    results.push((await upscaler.upscale(part)).data);
  }
  return results;
}

function stitch(plan, windows, scale) {
  const whole = makeRaster(WIDTH * scale, HEIGHT * scale, RGB8);
  let shared = null;
  for (let row = 0; row < plan.rows; row++) {
    const { start, end } = rowSpan(plan, row);
    const raster = makeRaster(WIDTH * scale, (end - start) * scale, RGB8);
    const target = openStitch(plan, row, scale, { raster, top: start });
    for (let column = 0; column < plan.columns; column++) target.take(column, windows[row * plan.columns + column]);
    if (shared) blendDown(shared, raster);
    whole.data.set(raster.data, start * scale * WIDTH * scale * 3);
    shared = plan.featherPx > 0 ? cutRows(raster, raster.height - 2 * plan.featherPx * scale, raster.height) : null;
  }
  return whole;
}

function compare(a, b) {
  let max = 0;
  let squares = 0;
  for (let i = 0; i < a.data.length; i++) {
    const difference = a.data[i] - b.data[i];
    max = Math.max(max, Math.abs(difference));
    squares += difference * difference;
  }
  return { max, psnr: 10 * Math.log10((255 * 255 * a.data.length) / squares) };
}

async function readPicture(path) {
  const data = await sharp(path)
    .removeAlpha()
    .toColourspace('srgb')
    .resize(WIDTH, HEIGHT, { fit: 'cover', withoutEnlargement: false })
    .raw()
    .toBuffer();
  return { width: WIDTH, height: HEIGHT, ...RGB8, data: new Uint8Array(data) };
}

/** Soft noise at two sizes with hard shapes on it: texture and edges everywhere, the same on every machine. */
async function makePicture() {
  const raster = makeRaster(WIDTH, HEIGHT, RGB8);
  const hash = (x, y, c) =>
    (Math.imul(Math.imul(x + 1, 73856093) ^ Math.imul(y + 1, 19349663) ^ (c * 83492791), 2654435761) >>> 24) / 255;
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      for (let c = 0; c < 3; c++) {
        const soft = hash(x >> 4, y >> 4, c) * 90 + hash(x >> 2, y >> 2, c) * 40 + hash(x, y, c) * 20;
        const shape = (x + 2 * y) % 61 < 9 || (x - y + 999) % 47 < 4 ? 90 : 0;
        raster.data[(y * WIDTH + x) * 3 + c] = Math.min(255, 10 + soft + shape);
      }
    }
  }
  const data = await sharp(raster.data, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
    .blur(0.8)
    .raw()
    .toBuffer();
  return { ...raster, data: new Uint8Array(data) };
}
