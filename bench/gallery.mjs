// Writes docs/gallery.md: each network of the catalogue that is here and each preset on the same six crops.
// usage: node bench/gallery.mjs PICTURES    the data folder of scikit-image, as for bench/quality.mjs
//        node bench/gallery.mjs             only the document again
// Results stay in the folder that KEEP names, where a second run finds them. bench/quality.mjs comes first: the times
// are its.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { loadModel } from '../dist/core/model/index.js';
import { PRESETS } from '../dist/library/presets.js';
import { catalogueModels } from './catalogue.mjs';
import { CROPS, HOW_TO, makeCrop, readMiddle, SIDE } from './gallery-crops.mjs';
import { galleryText } from './gallery-text.mjs';
import { drawSheet } from './sheet.mjs';
import { scratchFolder } from './support.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const LARGE = 4 * SIDE;
/** Its network eight times over: on these crops alone. */
const DEAR = { best: ['photo', 'face'] };
const COMMON = ['--scale', '4', '--device', 'cpu', '--foreground', '--no-tui', '--overwrite'];

const models = await catalogueModels();
const here = models.filter(({ state }) => state !== 'absent');
const [pictures] = process.argv.slice(2);
const scratch = process.env.KEEP ?? scratchFolder();
if (pictures !== undefined) {
  for (const crop of CROPS) await drawCrop(crop);
  for (const crop of HOW_TO) await drawHowTo(crop);
}
const { scores } = JSON.parse(readFileSync(join(root, 'bench/results/quality.json'), 'utf8'));
const works = {};
for (const { id } of here) works[id] = (await loadModel(id)).descriptor.flopsPerPixel;
writeFileSync(join(root, 'docs/gallery.md'), galleryText({ crops: CROPS, models, works, presets: PRESETS, scores }));

async function drawCrop(crop) {
  const { folder, source, before } = await prepare(crop);
  const original = readFileSync(join(folder, 'original.png'));
  const cells = [{ lines: ['the original', ''], image: original }, before];
  for (const { id } of here) {
    const alike = Object.keys(PRESETS).filter((name) => isPlain(name, crop) && networkOf(name, crop) === id);
    const words = alike.length === 0 ? '' : `and ${alike.map((name) => `--preset ${name}`).join(', ')}`;
    cells.push({ lines: [id, words], image: upscaled(source, join(folder, `${id}.png`), ['-m', id]) });
  }
  for (const name of Object.keys(PRESETS).filter((one) => !isPlain(one, crop))) {
    if (DEAR[name]?.includes(crop.name) === false) continue;
    const film = isFilm(name, crop);
    const words = `--preset ${name}`;
    const image = film
      ? filmed(folder, name)
      : upscaled(source, join(folder, `preset-${name}.png`), ['--preset', name]);
    cells.push({ lines: [words, networkOf(name, crop)], image });
  }
  const path = join(root, `docs/images/${sheetName(crop)}.webp`);
  await drawSheet(path, cells, { columns: 4, side: LARGE, quality: 74 });
  console.log(path);
  if (crop.howTo === undefined) return;
  const shown = new RegExp(`--preset ${crop.howTo}\\b`);
  const after = cells.find(({ lines }) => lines.some((line) => shown.test(line)));
  await drawPair(crop.howTo, crop.howTo, before, after.image);
}

async function drawHowTo(crop) {
  const { folder, source, before } = await prepare(crop);
  const { name, preset } = crop;
  const image = isFilm(preset, crop)
    ? filmed(folder, preset)
    : upscaled(source, join(folder, `preset-${preset}.png`), ['--preset', preset]);
  await drawPair(name, preset, before, image);
}

async function prepare(crop) {
  const folder = join(scratch, sheetName(crop));
  mkdirSync(folder, { recursive: true });
  await makeCrop(crop, pictures, folder);
  const source = join(folder, 'source.png');
  const image = await sharp(source).resize(LARGE, LARGE, { kernel: 'cubic' }).png().toBuffer();
  return { folder, source, before: { lines: ['the source', 'enlarged by bicubic'], image } };
}

/** For docs/howto.md: before, and by one preset. */
async function drawPair(name, preset, before, image) {
  const path = join(root, `docs/images/howto-${name}.webp`);
  const pair = [before, { lines: [`--preset ${preset}`, ''], image }];
  await drawSheet(path, pair, { columns: 2, side: LARGE, quality: 74 });
}

/** Presets that do something of their own to films are shown on the film. */
function isFilm(name, { moves }) {
  return moves && PRESETS[name].video.pre !== undefined;
}

/** Whether a preset is nothing but its network on this crop. */
function isPlain(name, crop) {
  const { both, pictures: still, video } = PRESETS[name];
  const { model: _, ...rest } = { ...both, ...(isFilm(name, crop) ? video : still) };
  return Object.keys(rest).length === 0;
}

function networkOf(name, crop) {
  const { both, pictures: still, video } = PRESETS[name];
  return { ...both, ...(isFilm(name, crop) ? video : still) }.model;
}

function upscaled(from, to, words) {
  if (!existsSync(to)) upreel(from, '-o', to, ...words);
  return readFileSync(to);
}

/** The frame in the middle of what becomes of the film. */
function filmed(folder, preset) {
  const [film, frame] = [join(folder, `preset-${preset}.mkv`), join(folder, `preset-${preset}.png`)];
  if (existsSync(frame)) return readFileSync(frame);
  upreel(join(folder, 'source.mkv'), '-o', film, '--preset', preset, '--encoder', 'ffv1');
  readMiddle(film, frame);
  return readFileSync(frame);
}

function upreel(...words) {
  const all = [join(root, 'dist/cli.js'), ...words, ...COMMON];
  const { stderr, status } = spawnSync(process.execPath, all, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`upreel ${words.join(' ')} failed: ${stderr.trim()}`);
}

function sheetName({ name }) {
  return `gallery-${name.replace(' ', '-')}`;
}
