// The made films of bench/steady.mjs: what a camera sees of a photograph, frame by frame, without anything (clean.mkv,
// four times as large) and as it came to us (source.mkv). The same on every machine, but for ffmpeg's encoders.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import sharp from 'sharp';
import { seeded } from './support.mjs';

const SCALE = 4;
/** Of the sources. */
const SIZE = { width: 128, height: 88 };
const LARGE = { width: SCALE * SIZE.width, height: SCALE * SIZE.height };
const FRAMES = 28;
const LOSSLESS = ['-c:v', 'ffv1', '-pix_fmt', 'gbrp'];

/** Of scikit-image's data; `centre` of what is seen, `zoom` times as large as it is. */
const PHOTOGRAPHS = {
  photograph: { file: 'motorcycle_left.png', centre: [370, 250], zoom: 1 },
  face: { file: 'astronaut.png', centre: [224, 110], zoom: 2 },
};

const wave = (frame, pixels) => [pixels * Math.sin(2 * frame), pixels * Math.cos(3 * frame)];

/**
 * `of` names the photograph; `shift` (pixels of the source), `zoom` and `turn` (degrees) say how the camera has moved,
 * `light` by what levels are multiplied and what is added to them, `before` draws on the large frame, `noise` is white
 * or a tape's, `preset` and `coding` come after it; `title` puts it on the sheet of docs/video.md.
 */
export const CLIPS = [
  { name: 'photograph, still, noise of 4 levels', title: 'still, noise of 4 levels' },
  { name: 'the same by preset `old-film`', preset: 'old-film' },
  { name: 'the same by preset `vhs`', preset: 'vhs' },
  { name: 'the same, MPEG-2', coding: ['-c:v', 'mpeg2video', '-q:v', '4', '-pix_fmt', 'yuv420p'] },
  {
    name: 'the same, H.264, whose grain stays over several frames',
    coding: ['-c:v', 'libx264', '-pix_fmt', 'yuv420p'],
  },
  { name: 'face, still, noise as of tape', of: () => 'face', noise: 'tape' },
  {
    ...{ name: 'the same by preset `vhs`, a tape', title: 'a tape, by preset vhs' },
    ...{ of: () => 'face', noise: 'tape', preset: 'vhs' },
  },
  { name: 'bars over the photograph, 2 and 2.5 pixels a frame', title: 'bars that move', before: drawBars },
  { name: 'fade of 60 frames', frames: 60, light: (frame) => [1 - frame / 75, 0] },
  {
    ...{ name: 'flash and cut', of: (frame) => (frame < 19 ? 'photograph' : 'face') },
    light: (frame) => [1, frame === 10 ? 70 : 0],
  },
  { name: 'weaving by half a pixel', shift: (frame) => wave(frame, 0.5) },
  { name: 'pan of 0.25 pixels a frame', shift: (frame) => [0.25 * frame, 0] },
  { name: 'pan of 1.5 pixels a frame', shift: (frame) => [1.5 * frame - 20, 0] },
  { name: 'zoom of 0.4 % a frame', zoom: (frame) => 1.004 ** frame },
  { name: 'turn of 0.6 degrees a frame', turn: (frame) => 0.6 * frame },
  { name: 'fade from black', light: (frame) => [Math.min(1, frame / 20), 0] },
];

/** Writes `clean.mkv` and `source.mkv`. @param pictures the folder of scikit-image's data */
export async function makeClip(clip, pictures, folder) {
  const { frames = FRAMES, of = () => 'photograph', before = () => {}, noise = 'white', coding = LOSSLESS } = clip;
  const { shift = () => [0, 0], zoom = () => 1, turn = () => 0, light = () => [1, 0] } = clip;
  const random = seeded(18);
  const seen = new Map();
  const clean = [];
  const sources = [];
  for (let frame = 0; frame < frames; frame++) {
    const view = [of(frame), shift(frame), zoom(frame), turn(frame)];
    const key = JSON.stringify(view);
    if (!seen.has(key)) seen.set(key, await look(pictures, ...view));
    const large = Float32Array.from(seen.get(key));
    before(large, frame);
    const [gain, offset] = light(frame);
    for (let at = 0; at < large.length; at++) large[at] = Math.min(255, Math.max(0, gain * large[at] + offset));
    clean.push(rounded(large));
    sources.push(rounded(noise === 'tape' ? taped(shrunk(large), random) : grained(shrunk(large), random)));
  }
  encode(clean, LARGE, LOSSLESS, join(folder, 'clean.mkv'));
  encode(sources, SIZE, coding, join(folder, 'source.mkv'));
}

const photographs = new Map();

/** What is seen of a photograph, by cubic convolution (a = -0.5): RGB of the large size. */
async function look(pictures, name, [right, down], zoom, turn) {
  const { file, centre, zoom: own } = PHOTOGRAPHS[name];
  if (!photographs.has(name)) {
    const picture = sharp(join(pictures, file)).removeAlpha().toColourspace('srgb').raw();
    photographs.set(name, await picture.toBuffer({ resolveWithObject: true }));
  }
  const { data, info } = photographs.get(name);
  const large = new Float32Array(3 * LARGE.width * LARGE.height);
  const step = 1 / (own * zoom);
  const [cos, sin] = [step * Math.cos((turn * Math.PI) / 180), step * Math.sin((turn * Math.PI) / 180)];
  for (let y = 0, at = 0; y < LARGE.height; y++) {
    for (let x = 0; x < LARGE.width; x++, at += 3) {
      const u = x - LARGE.width / 2 + SCALE * right;
      const v = y - LARGE.height / 2 + SCALE * down;
      samplePixel(data, info, centre[0] + cos * u - sin * v, centre[1] + sin * u + cos * v, large, at);
    }
  }
  return large;
}

function samplePixel(data, { width, height }, x, y, into, at) {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [across, down] = [taps(x - left), taps(y - top)];
  for (let j = 0; j < 4; j++) {
    const row = Math.min(height - 1, Math.max(0, top + j - 1)) * width;
    for (let i = 0; i < 4; i++) {
      const weight = across[i] * down[j];
      const from = 3 * (row + Math.min(width - 1, Math.max(0, left + i - 1)));
      for (let channel = 0; channel < 3; channel++) into[at + channel] += weight * data[from + channel];
    }
  }
}

function taps(t) {
  const inner = (d) => (1.5 * d - 2.5) * d * d + 1;
  const outer = (d) => ((-0.5 * d + 2.5) * d - 4) * d + 2;
  return [outer(1 + t), inner(t), inner(1 - t), outer(2 - t)];
}

/** A bright one to the right, a dark one to the left. */
function drawBars(large, frame) {
  const bars = [
    { left: 8 + 2 * frame, top: 10, level: 225 },
    { left: 110 - 2.5 * frame, top: 50, level: 25 },
  ];
  for (const { left, top, level } of bars) {
    for (let y = SCALE * top; y < SCALE * (top + 28); y++) {
      const row = y * LARGE.width;
      large.fill(level, 3 * (row + SCALE * left), 3 * (row + SCALE * (left + 7)));
    }
  }
}

/** Means of squares. */
function shrunk(large) {
  const small = new Float32Array(3 * SIZE.width * SIZE.height);
  for (let at = 0; at < large.length; at++) {
    const pixel = Math.floor(at / 3);
    const [x, y] = [Math.floor((pixel % LARGE.width) / SCALE), Math.floor(pixel / LARGE.width / SCALE)];
    small[3 * (y * SIZE.width + x) + (at % 3)] += large[at] / SCALE ** 2;
  }
  return small;
}

function grained(small, random) {
  return small.map((level) => level + 4 * normal(random));
}

/** Luma's noise is smeared along the lines, that of colour far along them and over pairs of lines. */
function taped(small, random) {
  const [luma, blue, red] = [streaks(1, 1, 6, random), streaks(5, 2, 9, random), streaks(5, 2, 9, random)];
  return small.map((level, at) => {
    const pixel = Math.floor(at / 3);
    const colour = [red[pixel], -0.51 * red[pixel] - 0.19 * blue[pixel], blue[pixel]];
    return level + luma[pixel] + colour[at % 3];
  });
}

/** @param reach pixels on either side that noise is smeared over @param sigma of what comes of it */
function streaks(reach, lines, sigma, random) {
  const { width, height } = SIZE;
  const plane = new Float32Array(width * height);
  const row = new Float32Array(width + 2 * reach);
  for (let y = 0; y < height; y++) {
    if (y % lines === 0) for (let x = 0; x < row.length; x++) row[x] = normal(random);
    for (let x = 0; x < width; x++) {
      const sum = row.subarray(x, x + 2 * reach + 1).reduce((total, value) => total + value, 0);
      plane[y * width + x] = (sigma * sum) / Math.sqrt(2 * reach + 1);
    }
  }
  return plane;
}

function rounded(levels) {
  return Buffer.from(levels.map((level) => Math.round(Math.min(255, Math.max(0, level)))));
}

function encode(frames, { width, height }, coding, path) {
  const raw = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${width}x${height}`, '-r', '25', '-i', 'pipe:0'];
  const { status } = spawnSync('ffmpeg', ['-v', 'error', '-y', ...raw, ...coding, path], {
    input: Buffer.concat(frames),
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  if (status !== 0) throw new Error(`ffmpeg could not make ${path}.`);
}

/** Near enough to normal, of variance 1. */
function normal(random) {
  return (random() + random() + random() + random() - 2) * Math.sqrt(3);
}
