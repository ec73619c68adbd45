// Upscales every clip of a folder twice by nearest neighbour (no network: it is about all else) and prints, clip by
// clip, what ffprobe says of source and result. usage: node bench/clip-table.mjs DIR [--keep DIR]
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { extname, join, relative, resolve } from 'node:path';
import { upscaleFilm, videoSettingsSchema } from '../dist/video/index.js';
import { scratchFolder } from './support.mjs';

const [root, keepFlag, keepFolder] = process.argv.slice(2);
if (root === undefined) throw new Error('Expected a folder with clips, got nothing.');
const folder = keepFlag === '--keep' ? resolve(keepFolder) : scratchFolder();
mkdirSync(folder, { recursive: true });

const JOB = { model: { id: 'nearest' }, flopsPerPixel: 0, program: 'clip-table', task: null };
const columns = [
  'clip',
  'frames',
  'pts, max ms',
  'streams',
  'chapters',
  'attachments',
  'tags',
  'SAR',
  'duration',
  'said',
];
print(columns);
print(columns.map(() => '---'));
for (const [index, path] of clipsIn(root).entries()) {
  const extension = ['.mp4', '.mov', '.mkv', '.webm'].find((name) => name === extname(path)) ?? '.mkv';
  const output = join(folder, `${index}${extension}`);
  const codes = [];
  try {
    const { signal } = new AbortController();
    const onEvent = (event) => event.type === 'warning' && codes.push(event.code);
    const request = { input: path, output, model: 'nearest', settings: settingsFor(extension), job: JOB };
    await upscaleFilm(request, { upscaler: nearestUpscaler(2), onEvent, signal, drain: signal });
    print([relative(root, path), ...compare(describe(path), describe(output)), [...new Set(codes)].join(', ') || '-']);
  } catch (error) {
    print([
      relative(root, path),
      `refused: ${String(error.message).replace(path, '…')}`,
      ...columns.slice(2).map(() => ''),
    ]);
  }
}

/** Quick encoders: it is not their picture that is looked at. Short segments, so that there are joins. */
function settingsFor(extension) {
  const quick = extension === '.webm' ? { deadline: 'realtime', 'cpu-used': '8' } : { preset: 'ultrafast' };
  return videoSettingsSchema.parse({ overwrite: true, reuse: false, segmentSeconds: 1, encoderOptions: quick });
}

function clipsIn(directory) {
  const names = readdirSync(directory, { recursive: true }).map((name) => join(directory, name));
  return names.filter((path) => statSync(path).isFile()).sort();
}

function print(cells) {
  console.log(`| ${cells.join(' | ')} |`);
}

function describe(path) {
  const report = JSON.parse(probe(path, '-show_streams', '-show_format', '-show_chapters', '-of', 'json'));
  const isPicture = ({ codec_type, disposition }) => codec_type === 'video' && disposition.attached_pic !== 1;
  const pictures = report.streams.filter(isPicture);
  const video = pictures.find(({ disposition }) => disposition.default === 1) ?? pictures[0];
  const lines = probe(
    path,
    '-select_streams',
    `${video.index}`,
    '-show_entries',
    'packet=pts_time,flags',
    '-of',
    'csv=p=0',
  );
  const shown = lines
    .split('\n')
    .map((line) => line.split(','))
    .filter(([time, flags]) => time && !flags?.includes('D'));
  const times = shown.map(([time]) => Number(time)).sort((a, b) => a - b);
  const count = (kind) => report.streams.filter(({ codec_type }) => codec_type === kind).length;
  return {
    frames: times.length,
    times,
    // Broadcast clocks start anywhere.
    isRelative: /mpegts|mpeg/.test(report.format.format_name),
    streams: ['video', 'audio', 'subtitle', 'data'].map((kind) => `${count(kind)}${kind[0]}`).join(' '),
    chapters: report.chapters.length,
    attachments: count('attachment'),
    tags: report.format.tags ?? {},
    aspect: video.sample_aspect_ratio ?? '-',
    duration: Number(report.format.duration ?? Number.NaN),
  };
}

function compare(source, result) {
  const offset = source.isRelative ? (source.times[0] ?? 0) - (result.times[0] ?? 0) : 0;
  const deviations = source.times.map((time, index) => Math.abs(time - offset - (result.times[index] ?? Number.NaN)));
  const worst = 1000 * deviations.reduce((most, value) => Math.max(most, value), 0);
  const stale = /^(encoder|major_brand|minor_version|compatible_brands|creation_time)$/i;
  const wanted = Object.entries(source.tags).filter(([name]) => !stale.test(name));
  const kept = wanted.filter(([name, value]) =>
    Object.entries(result.tags).some(([other, text]) => other.toLowerCase() === name.toLowerCase() && text === value),
  );
  const pair = (left, right) => (String(left) === String(right) ? `${left}` : `${left} → ${right}`);
  const seconds = (value) => (Number.isFinite(value) ? value.toFixed(2) : '-');
  return [
    pair(source.frames, result.frames),
    source.frames === result.frames && Number.isFinite(worst) ? worst.toFixed(3) : '-',
    ...['streams', 'chapters', 'attachments'].map((name) => pair(source[name], result[name])),
    `${kept.length} of ${wanted.length}`,
    pair(source.aspect, result.aspect),
    pair(seconds(source.duration), seconds(result.duration)),
  ];
}

function probe(path, ...args) {
  const { stdout, status } = spawnSync('ffprobe', ['-v', 'error', ...args, `file:${path}`], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`ffprobe cannot read ${path}.`);
  return stdout;
}

/** Every pixel becomes a square of itself. */
function nearestUpscaler(scale) {
  const upscale = async (source, { onTile, into } = {}) => {
    const pixel = source.channels * source.bytesPerSample;
    const size = { width: source.width * scale, height: source.height * scale };
    const result = into ?? { ...source, ...size, data: new Uint8Array(size.width * size.height * pixel) };
    const row = size.width * pixel;
    for (let y = 0; y < source.height; y++) {
      const first = y * scale * row;
      for (let x = 0; x < size.width; x++) {
        const from = (y * source.width + Math.floor(x / scale)) * pixel;
        for (let byte = 0; byte < pixel; byte++) result.data[first + x * pixel + byte] = source.data[from + byte];
      }
      for (let copy = 1; copy < scale; copy++) result.data.copyWithin(first + copy * row, first, first + row);
    }
    onTile?.(size.width * size.height);
    return result;
  };
  return {
    scale,
    device: 'none',
    lanes: 1,
    countTiles: () => 1,
    upscale,
    warmUp: async () => {},
    close: async () => {},
  };
}
