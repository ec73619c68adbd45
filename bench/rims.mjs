// How far colours stray at the rims of transparent pictures, with each network of the catalogue that is here
// (MODEL=id,... takes others): as they are stored, and with colours bled under what is transparent. docs/stills.md has
// the table. MODEL=id,... REACH=8,16,32 make bench BENCH=rims
// SHEET=file.png draws it, too: a row for each network and picture; on white, on black and on the picture's own colour,
// as stored and bled.
import sharp from 'sharp';
import { listModels, loadModel } from '../dist/core/model/index.js';
import { bleedColour } from '../dist/core/pixels/bleed-colour.js';
import { makeRaster } from '../dist/core/pixels/raster.js';
import { openUpscaler } from '../dist/core/upscaler/open-upscaler.js';

const REACHES = (process.env.REACH ?? '32').split(',').map(Number);
const SIDE = 64;
/** Fainter pixels do not show. */
const SHOWN_ALPHA = 20;
const GROUNDS = { white: [255, 255, 255], black: [0, 0, 0] };

/** Each of one colour, so that every pixel that shows has one right colour; black where alpha is 0. */
const PICTURES = {
  disc: { colour: [230, 120, 40], svg: '<circle cx="32" cy="32" r="22"/>', hard: true },
  sprite: { colour: [60, 200, 90], svg: sprite(), hard: true },
  glyph: {
    colour: [30, 60, 200],
    svg: '<text x="6" y="50" font-size="48" font-family="serif" font-style="italic">Rg&amp;</text>',
    hard: false,
  },
  hair: { colour: [150, 90, 50], svg: hair(), hard: false },
};

const models =
  process.env.MODEL?.split(',') ?? (await listModels()).filter(({ state }) => state !== 'absent').map(({ id }) => id);
const SHEET = process.env.SHEET;
const CELL_PX = 96;
const rows = [];
for (const id of models) await measure(id);
if (SHEET !== undefined) await drawSheet(SHEET);

async function measure(id) {
  const model = await loadModel(id);
  const tiles = { device: 'cpu', tilePx: 512, haloPx: 0, featherPx: 0, sessions: 1, threadsPerSession: 2 };
  const upscaler = openUpscaler(model, { ...tiles, gpus: [], ensemble: false, rerunBlank: false });
  for (const [name, picture] of Object.entries(PICTURES)) {
    const { colour, alpha } = await draw(picture);
    const enlarged = await upscaler.upscale(alpha);
    const stored = await upscaler.upscale(colour);
    const cells = [`stored ${show(strayOf(stored, enlarged, picture.colour))}`];
    const drawn = [stored];
    for (const reach of REACHES) {
      const bled = { ...colour, data: colour.data.slice() };
      await bleedColour(bled, alpha, reach);
      const result = await upscaler.upscale(bled);
      cells.push(`bled ${reach} px ${show(strayOf(result, enlarged, picture.colour))}`);
      drawn[1] = result;
    }
    rows.push({ drawn, enlarged, grounds: { ...GROUNDS, own: picture.colour } });
    console.log(`${id} ${name}: ${cells.join(' | ')}`);
  }
  await upscaler.close();
}

/** Each row: two cells for each ground. */
async function drawSheet(path) {
  const cells = [];
  for (const [row, { drawn, enlarged, grounds }] of rows.entries()) {
    for (const [column, ground] of Object.values(grounds).entries()) {
      for (const [second, result] of drawn.entries()) {
        const input = await seenOn(ground, result, enlarged);
        cells.push({ input, left: (2 * column + second) * CELL_PX, top: row * CELL_PX });
      }
    }
  }
  const size = { width: 6 * CELL_PX, height: rows.length * CELL_PX };
  await sharp({ create: { ...size, channels: 3, background: '#808080' } })
    .composite(cells)
    .png()
    .toFile(path);
}

/** The middle of the picture on a ground, a cell large. */
async function seenOn(ground, { width, height, data }, alpha) {
  const seen = Buffer.alloc(data.length);
  for (let at = 0; at < data.length; at++) {
    const opacity = alpha.data[Math.floor(at / 3)] / 255;
    seen[at] = Math.round(opacity * data[at] + (1 - opacity) * ground[at % 3]);
  }
  const side = CELL_PX - 2;
  return await sharp(seen, { raw: { width, height, channels: 3 } })
    .resize(side, side)
    .png()
    .toBuffer();
}

/** Largest differences in levels: of the colour where it shows, and of what is seen on each ground. */
function strayOf(result, alpha, right) {
  const grounds = { ...GROUNDS, own: right };
  const worst = { colour: 0, ...Object.fromEntries(Object.keys(grounds).map((name) => [name, 0])) };
  for (let pixel = 0; pixel < alpha.data.length; pixel++) {
    const opacity = alpha.data[pixel] / 255;
    for (let channel = 0; channel < 3; channel++) {
      const found = result.data[pixel * 3 + channel];
      if (alpha.data[pixel] > SHOWN_ALPHA) {
        worst.colour = Math.max(worst.colour, Math.abs(found - right[channel]));
      }
      for (const [name, ground] of Object.entries(grounds)) {
        const over = (sample) => Math.round(opacity * sample + (1 - opacity) * ground[channel]);
        worst[name] = Math.max(worst[name], Math.abs(over(found) - over(right[channel])));
      }
    }
  }
  return worst;
}

function show({ colour, white, black, own }) {
  return `${colour} (on white ${white}, black ${black}, its own colour ${own})`;
}

async function draw({ colour, svg, hard }) {
  const drawn = `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}">${svg}</svg>`;
  const { data } = await sharp(Buffer.from(drawn)).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  const raster = makeRaster(SIDE, SIDE, { channels: 3, bytesPerSample: 1 });
  const alpha = makeRaster(SIDE, SIDE, { channels: 1, bytesPerSample: 1 });
  for (let pixel = 0; pixel < SIDE * SIDE; pixel++) {
    const opacity = data[pixel * 4 + 3];
    alpha.data[pixel] = hard ? (opacity >= 128 ? 255 : 0) : opacity;
    if (alpha.data[pixel] > 0) raster.data.set(colour, pixel * 3);
  }
  return { colour: raster, alpha };
}

/** Squares of 4 px, as in an old game. */
function sprite() {
  const rows = [
    '..#......#..',
    '...#....#...',
    '..########..',
    '.##.####.##.',
    '############',
    '#.########.#',
    '#.#......#.#',
    '...##..##...',
  ];
  return rows
    .flatMap((row, y) =>
      [...row].map((cell, x) =>
        cell === '#' ? `<rect x="${8 + 4 * x}" y="${16 + 4 * y}" width="4" height="4"/>` : '',
      ),
    )
    .join('');
}

/** Thin lines, nowhere opaque. */
function hair() {
  const strands = Array.from(
    { length: 9 },
    (_, i) =>
      `<path d="M${4 + 6 * i} 62 Q${20 + 2 * i} ${40 - 3 * i} ${2 + 7 * i} 2" stroke-width="${0.4 + 0.15 * i}"/>`,
  );
  return `<g fill="none" stroke="#000" stroke-opacity="0.8">${strands.join('')}</g>`;
}
