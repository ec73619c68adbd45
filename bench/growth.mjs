// Whether a long job slows down or grows: a synthetic clip of two hours in small frames, which no frame repeats,
// through a small network. Speed, resident memory of upreel's own processes, and open handles, by eighths of the film.
// The bars: the last eighth as fast as the second within 5 %, memory that grows by less than 1 MB for each hour of film
// after the first quarter, as many handles at the end as then.
// Environment: MINUTES of film.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { treeOf } from './process-tree.mjs';
import { makeClip, median, scratchFolder, writeSmallNetwork } from './support.mjs';

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const RATE = 24;
const PARTS = 8;
const LOOK_MILLISECONDS = 500;
const minutes = Number(process.env.MINUTES ?? 120);
const frames = minutes * 60 * RATE;
const folder = scratchFolder();

const clip = makeClip(join(folder, 'clip.mp4'), { width: 32, height: 24, frames });
const network = writeSmallNetwork(join(folder, 'small.safetensors'));
const looks = await watch([clip, '-o', join(folder, 'out.mkv'), '-m', network, '--device', 'cpu']);
report(looks);

/** Runs upreel, and looks at it twice a second while it makes frames. */
async function watch(words) {
  const env = { ...process.env, XDG_STATE_HOME: join(folder, 'state') };
  const args = [CLI, ...words, '--foreground', '--no-tui', '--json', '--no-config'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], env });
  const start = performance.now();
  const found = [];
  let done = 0;
  let stage = '';
  createInterface({ input: child.stdout }).on('line', (line) => {
    const record = JSON.parse(line);
    if (record.type === 'progress') ({ framesDone: done, stage } = record);
  });
  const timer = setInterval(() => {
    if (stage !== 'upscale') return;
    const own = treeOf(child.pid).filter(({ name }) => name === 'node');
    const bytes = own.reduce((sum, one) => sum + one.bytes, 0);
    const handles = own.reduce((sum, { pid }) => sum + handlesOf(pid), 0);
    found.push({ seconds: (performance.now() - start) / 1000, done, bytes, handles });
  }, LOOK_MILLISECONDS);
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(timer);
  if (code !== 0) throw new Error(`upreel ended with ${code}.`);
  return found;
}

function handlesOf(pid) {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

function report(all) {
  console.log(`${frames} frames, ${minutes} minutes of film, ${all.length} looks`);
  console.log('| part | frames/s | memory | handles |\n| --- | ---: | ---: | ---: |');
  const parts = Array.from({ length: PARTS }, (_, part) => {
    const inside = all.filter(({ done }) => done >= (frames * part) / PARTS && done < (frames * (part + 1)) / PARTS);
    const [first, last] = [inside[0], inside.at(-1)];
    const speed = (last.done - first.done) / (last.seconds - first.seconds);
    return {
      speed,
      bytes: median(inside.map(({ bytes }) => bytes)),
      handles: median(inside.map(({ handles }) => handles)),
    };
  });
  for (const [part, { speed, bytes, handles }] of parts.entries()) {
    console.log(`| ${part + 1} | ${speed.toFixed(0)} | ${(bytes / 1e6).toFixed(0)} MB | ${handles} |`);
  }
  const late = all.filter(({ done }) => done >= frames / 4);
  const perHour = slope(late.map(({ done, bytes }) => [done / RATE / 3600, bytes / 1e6]));
  console.log(`speed of the last eighth over the second: ${(parts.at(-1).speed / parts[1].speed).toFixed(3)}`);
  console.log(`memory from the second quarter on: ${perHour.toFixed(2)} MB for each hour of film`);
  console.log(`handles: ${parts[1].handles} in the second eighth, ${parts.at(-1).handles} in the last`);
}

/** Least squares. */
function slope(points) {
  const mean = (at) => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const [up, across] = points.reduce(([a, b], [px, py]) => [a + (px - x) * (py - y), b + (px - x) ** 2], [0, 0]);
  return up / across;
}
