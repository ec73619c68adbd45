// What --steady 0.8 does: films with and without it, 4x by realesr-general-x4v3; the tables of docs/video.md.
//   PICTURES=folder [FILM=file,...] make bench BENCH=steady              a quarter of an hour on two cores
// PICTURES is the data folder of scikit-image, as for bench/quality.mjs: the made films (steady-clips.mjs) are of its
// photographs. FILM names real ones, of which the first 28 frames are taken. Environment: CLIP (numbers of made films,
// from 1), KEEP (a folder for the films; those that are there are measured only), WRITE_DOCS=1 (the tables in
// docs/video.md and, of made films, docs/images/steady.webp).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { withSection } from './peers/table.mjs';
import { drawSheet } from './sheet.mjs';
import { CLIPS, makeClip } from './steady-clips.mjs';
import { scratchFolder } from './support.mjs';

const { PICTURES, FILM, CLIP, KEEP, WRITE_DOCS } = process.env;
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = KEEP ?? scratchFolder();
const films = FILM?.split(',') ?? [];
const FRAMES = 28;
/** Before it nothing has settled. */
const FIRST = 8;
/**
 * On the sheet: a frame of each film that has a title, and by how much its step from the frame before is multiplied.
 */
const SHOWN = 20;
const STEP_GAIN = 8;
if (PICTURES === undefined && films.length === 0) {
  console.error('Name pictures by PICTURES, or films by FILM: bench/steady.mjs says which.');
  process.exit(2);
}

const cells = [];
const made = [['film', 'flicker, without', 'with', 'PSNR, without', 'with', 'sharpness, without', 'with']];
print(made[0]);
for (const [index, clip] of (PICTURES === undefined ? [] : CLIPS).entries()) {
  if (CLIP !== undefined && !CLIP.split(',').includes(String(index + 1))) continue;
  const place = join(folder, `clip-${index + 1}`);
  mkdirSync(place, { recursive: true });
  await makeClip(clip, PICTURES, place);
  const [source, clean] = [join(place, 'source.mkv'), join(place, 'clean.mkv')];
  const flags = clip.preset === undefined ? [] : ['--preset', clip.preset];
  const both = steadied(place, source, flags).map((result) => ({
    flicker: told(compare(source, result).flickerRatio),
    psnr: mean(compare(clean, result).psnr.filter((value) => value !== null)).toFixed(2),
    sharpness: slopesKept(lumaOf(clean), lumaOf(result)).toFixed(2),
  }));
  if (clip.title !== undefined) cells.push(...(await cellsOf(clip, place)));
  add(made, [clip.name, ...['flicker', 'psnr', 'sharpness'].flatMap((key) => both.map((one) => one[key]))]);
}
const real = [['film', 'still', 'flicker, without', 'with', 'slopes, without', 'with']];
if (films.length > 0) print(real[0]);
for (const film of films) {
  const name = basename(film, extname(film));
  const place = join(folder, name);
  mkdirSync(place, { recursive: true });
  const source = join(place, 'source.mkv');
  run('ffmpeg', ['-v', 'error', '-y', '-i', film, '-an', '-frames:v', String(FRAMES), '-c:v', 'ffv1', source]);
  const results = steadied(place, source, []);
  const compared = results.map((result) => compare(source, result));
  const still = `${(100 * compared[0].stillShare).toFixed(0)} %`;
  const flicker = compared.map(({ flickerRatio }) => told(flickerRatio));
  add(real, [name, still, ...flicker, ...results.map((result) => meanSlope(lumaOf(result)).toFixed(2))]);
}
if (WRITE_DOCS === '1') {
  const document = join(root, 'docs/video.md');
  const tables = { 'steady-made': made, 'steady-real': real };
  const text = Object.entries(tables).reduce(
    (before, [name, rows]) => (rows.length === 1 ? before : withSection(before, name, tableOf(rows))),
    readFileSync(document, 'utf8'),
  );
  writeFileSync(document, text);
  const shape = { columns: 3, side: 352, tall: 242 };
  if (cells.length > 0) await drawSheet(join(root, 'docs/images/steady.webp'), cells, shape);
}

/** @returns the result without, and the one with it */
function steadied(place, source, flags) {
  return ['0', '0.8'].map((strength) => {
    const result = join(place, `steady-${strength}.mkv`);
    if (existsSync(result) && KEEP !== undefined) return result;
    const network = ['-m', 'realesr-general-x4v3', '--scale', '4', '--device', 'cpu'];
    const coding = ['--encoder', 'ffv1', '--chroma', '444', '--foreground', '--no-tui', '--overwrite', '--no-config'];
    upreel(source, '-o', result, ...flags, ...network, '--steady', strength, ...coding);
    return result;
  });
}

function compare(a, b) {
  return JSON.parse(upreel('compare', a, b, '--json'));
}

function upreel(...words) {
  return run(process.execPath, [join(root, 'dist/cli.js'), ...words]).toString();
}

function run(program, words) {
  const { status, stdout, stderr } = spawnSync(program, words, { maxBuffer: 1 << 30 });
  if (status !== 0) throw new Error(`${program} ${words.join(' ')} ended with ${status}: ${stderr}`);
  return stdout;
}

function sizeOf(film) {
  const words = ['-v', 'error', '-show_entries', 'stream=width,height', '-select_streams', 'v:0', '-of', 'csv=p=0'];
  const [width, height] = run('ffprobe', [...words, film])
    .toString()
    .split(',')
    .map(Number);
  return { width, height };
}

/** Frames of luma, from the first that has settled. */
function lumaOf(film) {
  const { width, height } = sizeOf(film);
  const data = run('ffmpeg', ['-v', 'error', '-i', film, '-f', 'rawvideo', '-pix_fmt', 'gray', '-']);
  const frames = Array.from({ length: data.length / width / height }, (_, frame) =>
    data.subarray(frame * width * height, (frame + 1) * width * height),
  );
  return { width, frames: frames.slice(FIRST) };
}

/** The frame with --steady, and what the step to it looks like without and with. */
async function cellsOf({ title }, place) {
  const [plain, calmed] = await Promise.all(
    ['0', '0.8'].map((strength) => stepTo(join(place, `steady-${strength}.mkv`))),
  );
  return [
    { lines: [title, 'with --steady 0.8'], image: calmed.frame },
    { lines: ['its step from the frame before', `without, ${STEP_GAIN} times`], image: plain.step },
    { lines: ['', `with --steady 0.8, ${STEP_GAIN} times`], image: calmed.step },
  ];
}

async function stepTo(film) {
  const chosen = ['-vf', `select=between(n\\,${SHOWN - 1}\\,${SHOWN})`, '-fps_mode', 'passthrough'];
  const data = run('ffmpeg', ['-v', 'error', '-i', film, ...chosen, '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-']);
  const [was, is] = [data.subarray(0, data.length / 2), data.subarray(data.length / 2)];
  const step = is.map((sample, at) => Math.min(255, STEP_GAIN * Math.abs(sample - was[at])));
  const raw = { ...sizeOf(film), channels: 3 };
  const [frame, drawn] = [is, step].map((pixels) => sharp(pixels, { raw }).png().toBuffer());
  return { frame: await frame, step: await drawn };
}

/** How much of a film's slopes another has, by least squares: what noise adds does not count. 1: as sharp. */
function slopesKept(clean, result) {
  let [products, squares] = [0, 0];
  for (const [frame, was] of clean.frames.entries()) {
    const is = result.frames[frame];
    for (let at = 0; at < was.length - clean.width - 1; at++) {
      for (const step of [1, clean.width]) {
        const slope = was[at + step] - was[at];
        products += slope * (is[at + step] - is[at]);
        squares += slope * slope;
      }
    }
  }
  return products / squares;
}

/** Mean difference of neighbours, across and down together. */
function meanSlope({ width, frames }) {
  let sum = 0;
  for (const frame of frames) {
    for (let at = 0; at < frame.length - width - 1; at++) {
      sum += Math.abs(frame[at + 1] - frame[at]) + Math.abs(frame[at + width] - frame[at]);
    }
  }
  return sum / frames.length / frames[0].length;
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of a film of which nothing stands still: "-". */
function told(ratio) {
  return ratio === null ? '-' : ratio.toFixed(2);
}

function add(rows, row) {
  rows.push(row);
  print(row);
}

function print(row) {
  console.log(row.join(' | '));
}

function tableOf([head, ...rows]) {
  return ['', ...[head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`)].join('\n');
}
