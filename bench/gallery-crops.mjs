// The six crops of docs/gallery.md: what they are made from, what happened to them, and how they look without it.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { seeded } from './support.mjs';

/** Of a source, and four times that of what becomes of it. */
export const SIDE = 72;
const LARGE = 4 * SIDE;
const FRAMES = 7;
const LOSSLESS = ['-c:v', 'ffv1', '-pix_fmt', 'gbrp'];

/**
 * `file` of scikit-image's data with its part, or `svg`, drawn for this; `damage` makes a source of its pixels, `moves`
 * a film of it, `howTo` names the preset that docs/howto.md shows on it.
 */
export const CROPS = [
  { name: 'photo', howTo: 'photo', file: 'coffee.png', box: [168, 96, 216], damage: null, moves: false },
  { name: 'face', howTo: 'old-photo', file: 'astronaut.png', box: [146, 40, 160], damage: null, moves: false },
  { name: 'text', svg: page(), damage: null, moves: false },
  { name: 'drawing', howTo: 'anime', svg: drawing(), damage: null, moves: false },
  { name: 'old film', howTo: 'old-film', file: 'camera.png', box: [170, 56, 180], damage: agedFilm, moves: true },
  { name: 'tape', howTo: 'vhs', file: 'chelsea.png', box: [100, 50, 190], damage: taped, moves: true },
];

/** What docs/howto.md shows beside these: one preset each. `coding` is what its film suffers from. */
export const HOW_TO = [
  {
    ...{ name: 'dvd', preset: 'dvd', file: 'astronaut.png', box: [330, 90, 144], damage: null, moves: true },
    coding: ['-c:v', 'mpeg2video', '-q:v', '7', '-pix_fmt', 'yuv420p'],
  },
  { name: 'texture', preset: 'photo', file: 'gravel.png', box: [40, 40, 288], damage: null, moves: false },
];

/**
 * Writes `original.png` (288 x 288), `source.png` (72 x 72) and, where it moves, `source.mkv`, of which that is a
 * frame.
 */
export async function makeCrop({ file, box, svg, damage, moves, coding = LOSSLESS }, pictures, folder) {
  const source = svg === undefined ? readFileSync(join(pictures, file)) : Buffer.from(svg);
  const [left, top, side] = box ?? [0, 0, LARGE];
  const part = sharp(source).extract({ left, top, width: side, height: side }).removeAlpha().toColourspace('srgb');
  const cut = await part.png().toBuffer();
  await sharp(cut).resize(LARGE, LARGE, { kernel: 'lanczos3' }).toFile(join(folder, 'original.png'));
  const { data } = await sharp(cut).resize(SIDE, SIDE, { kernel: 'cubic' }).raw().toBuffer({ resolveWithObject: true });
  const random = seeded(18);
  const frames = Array.from({ length: moves ? FRAMES : 1 }, () => (damage === null ? data : damage(data, random)));
  const middle = sharp(frames[frames.length >> 1], { raw: { width: SIDE, height: SIDE, channels: 3 } });
  // What a camera or a page of the web would have done to it.
  const still =
    damage === null ? sharp(await middle.jpeg({ quality: 90, chromaSubsampling: '4:4:4' }).toBuffer()) : middle;
  await still.png().toFile(join(folder, 'source.png'));
  if (!moves) return;
  const raw = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${SIDE}x${SIDE}`, '-r', '25', '-i', 'pipe:0'];
  const { status } = spawnSync('ffmpeg', ['-v', 'error', '-y', ...raw, ...coding, join(folder, 'source.mkv')], {
    input: Buffer.concat(frames),
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  if (status !== 0) throw new Error('ffmpeg could not make the clip.');
  if (coding !== LOSSLESS) readMiddle(join(folder, 'source.mkv'), join(folder, 'source.png'));
}

/** The frame in the middle of a crop's film, or of what became of it. */
export function readMiddle(film, picture) {
  const middle = ['-vf', `select=eq(n\\,${FRAMES >> 1})`, '-frames:v', '1', picture];
  const { status } = spawnSync('ffmpeg', ['-v', 'error', '-y', '-i', film, ...middle], { stdio: 'inherit' });
  if (status !== 0) throw new Error(`ffmpeg could not read ${film}.`);
}

/** Grain, brightness that flickers, dust and a scratch. */
function agedFilm(data, random) {
  const flicker = 1 + 0.12 * (random() - 0.5);
  const scratch = Math.floor(SIDE * 0.3 + 4 * random());
  const dust = Array.from({ length: 5 }, () => [SIDE * random(), SIDE * random(), 0.6 + 0.8 * random()]);
  return eachPixel(data, ([level], x, y) => {
    let value = level * flicker * 0.9 + 16 + 17 * (random() + random() + random() - 1.5);
    if (x === scratch) value += 45;
    for (const [atX, atY, radius] of dust) if (Math.hypot(x - atX, y - atY) < radius) value = 235;
    return [value * 1.02, value * 0.97, value * 0.86];
  });
}

/** Luma with rings beside edges and noise; colours a sixth as fine, late, and noisy in streaks. */
function taped(data, random) {
  const planes = [0, 1, 2].map(() => new Float64Array(SIDE * SIDE));
  for (let at = 0; at < SIDE * SIDE; at++) {
    const [r, g, b] = data.subarray(3 * at, 3 * at + 3);
    const luma = 0.299 * r + 0.587 * g + 0.114 * b;
    for (const [plane, value] of [luma, b - luma, r - luma].entries()) planes[plane][at] = value;
  }
  const soft = alongRows(planes[0], 1);
  const softer = alongRows(planes[0], 3);
  const luma = soft.map((value, at) => value + 0.8 * (value - softer[at]) + 16 * (random() + random() - 1));
  const colours = planes.slice(1).map((plane) => {
    const streaks = alongRows(
      plane.map(() => 110 * (random() - 0.5)),
      4,
    );
    return alongRows(plane, 3).map((_, at, all) => all[at - (at % SIDE) + Math.max(0, (at % SIDE) - 2)] + streaks[at]);
  });
  return eachPixel(data, (_, x, y) => {
    const at = y * SIDE + x;
    const [blue, red] = [colours[0][at], colours[1][at]];
    return [luma[at] + red, luma[at] - (0.299 * red + 0.114 * blue) / 0.587, luma[at] + blue];
  });
}

function alongRows(plane, reach) {
  return plane.map((_, at) => {
    const [x, first] = [at % SIDE, at - (at % SIDE)];
    let sum = 0;
    for (let k = -reach; k <= reach; k++) sum += plane[first + Math.min(SIDE - 1, Math.max(0, x + k))];
    return sum / (2 * reach + 1);
  });
}

function eachPixel(data, change) {
  const made = Buffer.alloc(data.length);
  for (let at = 0; at < data.length; at += 3) {
    const pixel = at / 3;
    const levels = change([...data.subarray(at, at + 3)], pixel % SIDE, Math.floor(pixel / SIDE));
    for (const [channel, level] of levels.entries()) made[at + channel] = Math.min(255, Math.max(0, Math.round(level)));
  }
  return made;
}

/** Print that is just readable at a quarter. */
function page() {
  const lines = [
    [46, 'bold 42px serif', 'Upscaling'],
    [86, '30px serif', 'A sentence that'],
    [122, '29px serif', 'one can still read,'],
    [158, 'italic 29px serif', 'and one in italics.'],
    [206, '32px sans-serif', '0123456789 %'],
    [252, 'bold 33px monospace', 'for (;;) x++;'],
  ];
  const texts = lines.map(([y, font, text]) => `<text x="12" y="${y}" style="font:${font}">${text}</text>`);
  return svgOf(`<rect width="${LARGE}" height="${LARGE}" fill="#f7f2e6"/><g fill="#22201d">${texts.join('')}</g>`);
}

/** A cat on a hill, in ink and flat colours. */
function drawing() {
  const ink = 'fill="none" stroke="#1d1a26" stroke-linecap="round" stroke-linejoin="round"';
  return svgOf(`<rect width="288" height="288" fill="#7fb7d6"/>
<circle cx="232" cy="56" r="34" fill="#f6e7a1"/>
<path d="M0 210 Q60 150 130 196 T288 180 V288 H0 Z" fill="#5c8a5a"/>
<path d="M0 240 Q90 196 170 232 T288 226 V288 H0 Z" fill="#3f6b4b"/>
<path d="M78 300 C56 190 66 120 84 60 L116 96 Q144 86 172 96 L204 60 C222 120 232 190 210 300 Z" fill="#e8a35a"/>
<path d="M112 300 Q108 204 144 200 Q180 204 176 300 Z" fill="#f6e3c8"/>
<path d="M92 82 L110 102 L92 116 Z M196 82 L178 102 L196 116 Z" fill="#d9737a"/>
<ellipse cx="116" cy="138" rx="17" ry="20" fill="#fff"/><ellipse cx="172" cy="138" rx="17" ry="20" fill="#fff"/>
<ellipse cx="119" cy="140" rx="10" ry="16" fill="#3d7a4f"/><ellipse cx="169" cy="140" rx="10" ry="16" fill="#3d7a4f"/>
<ellipse cx="120" cy="141" rx="5" ry="13" fill="#111"/><ellipse cx="168" cy="141" rx="5" ry="13" fill="#111"/>
<circle cx="124" cy="132" r="4" fill="#fff"/><circle cx="164" cy="132" r="4" fill="#fff"/>
<path d="M136 164 h16 l-8 9 Z" fill="#c2545f"/>
<g ${ink} stroke-width="4">
<path d="M78 300 C56 190 66 120 84 60 L116 96 Q144 86 172 96 L204 60 C222 120 232 190 210 300"/>
<ellipse cx="116" cy="138" rx="17" ry="20"/><ellipse cx="172" cy="138" rx="17" ry="20"/>
<path d="M144 173 v7 M144 180 Q134 192 122 184 M144 180 Q154 192 166 184"/></g>
<g ${ink} stroke-width="2">
<path d="M112 172 L62 164 M112 178 L60 182 M176 172 L226 164 M176 178 L228 182"/>
<path d="M128 104 l4 18 M144 100 v20 M160 104 l-4 18"/>
<path d="M84 206 l10 6 M82 220 l12 6 M204 206 l-10 6 M206 220 l-12 6"/></g>`);
}

function svgOf(content) {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${LARGE}" height="${LARGE}">${content}</svg>`;
}
