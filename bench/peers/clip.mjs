// A short clip by one upreel command, and by the script that people run: ffmpeg -> PNG -> PyTorch -> PNG -> ffmpeg.
// Same network, encoder and settings; wall time from the command to the finished file, most disk taken at once.
import { spawn } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { childrenSeconds } from '../process-tree.mjs';
import { makeClip } from '../support.mjs';
import { watchLoad } from './load.mjs';
import { writeFloatNetwork } from './networks.mjs';
import { bestAttempt, isDisturbed, ratios, summary } from './statistics.mjs';

const MODEL = 'realesr-animevideov3-x2';
const RATE = '24';
/** What upreel chooses for an MP4. */
const ENCODER = { crf: '17', preset: 'medium' };
const UPREEL = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const SCRIPT = fileURLToPath(new URL('./frames_script.py', import.meta.url));

/** @returns the report's `clip` */
export async function compareClip({ folder, environment, threads, rounds, frames, width = 320, height = 180 }) {
  const clip = makeClip(join(folder, 'clip.mp4'), { width, height, frames });
  const network = join(folder, 'clip-network.onnx');
  // PyTorch takes any size, whatever the file says.
  await writeFloatNetwork(MODEL, network, 64);
  const python = join(environment, 'venv/bin/python');
  const ways = [
    { title: 'one upreel command', run: (place) => upreel(clip, place, threads) },
    { title: 'ffmpeg, PNG, PyTorch, PNG, ffmpeg', run: (place) => script({ clip, place, network, python, threads }) },
  ];
  // What both keep from an earlier run (networks, pages of files) is there.
  for (const [index, { run }] of ways.entries()) {
    await timed(folder, run);
    renameSync(join(folder, 'result.mp4'), join(folder, `result-${index}.mp4`));
  }
  const decibels = await likeness(join(folder, 'result-0.mp4'), join(folder, 'result-1.mp4'));
  const turns = ways.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, { run }] of ways.entries()) turns[index].push(await timed(folder, run));
  }
  const seconds = turns.map((all) => all.map(({ value }) => value));
  const about = { model: MODEL, width, height, frames, encoder: { name: 'libx264', ...ENCODER } };
  const results = ways.map(({ title }, index) => ({
    title,
    seconds: summary(seconds[index]),
    ratio: ratios(seconds[index], seconds[0]),
    peakBytes: Math.max(...turns[index].map(({ peakBytes }) => peakBytes)),
    disturbed: turns[index].filter(({ load }) => isDisturbed(load)).length,
  }));
  return { ...about, rounds, decibels, ways: results };
}

async function upreel(clip, place, threads) {
  const flags = ['-m', MODEL, '--device', 'cpu', '--threads', `${threads}`, '--foreground', '--no-tui'];
  await command(process.execPath, [UPREEL, clip, '-o', join(place, 'out.mp4'), ...flags, '--encoder', 'libx264'], {
    XDG_STATE_HOME: join(place, 'state'),
  });
}

async function script({ clip, place, network, python, threads }) {
  const [source, result] = ['in', 'out'].map((name) => join(place, name));
  for (const each of [source, result]) mkdirSync(each);
  await command('ffmpeg', ['-v', 'error', '-i', clip, join(source, '%08d.png')]);
  await command(python, [SCRIPT, network, source, result, `${threads}`], { OMP_NUM_THREADS: `${threads}` });
  const pictures = ['-framerate', RATE, '-i', join(result, '%08d.png')];
  const encoder = ['-c:v', 'libx264', '-crf', ENCODER.crf, '-preset', ENCODER.preset, '-pix_fmt', 'yuv420p'];
  await command('ffmpeg', ['-v', 'error', '-y', ...pictures, ...encoder, join(place, 'out.mp4')]);
}

async function timed(folder, run) {
  const attempts = [];
  for (let attempt = 0; attempt < 2; attempt++) {
    const place = join(folder, 'place');
    rmSync(place, { recursive: true, force: true });
    mkdirSync(place);
    let peakBytes = 0;
    const timer = setInterval(() => {
      peakBytes = Math.max(peakBytes, bytesUnder(place));
    }, 50);
    const loadSince = watchLoad(process.pid);
    const before = childrenSeconds();
    const start = performance.now();
    await run(place);
    const value = (performance.now() - start) / 1000;
    clearInterval(timer);
    const { ownSeconds, ...load } = loadSince();
    attempts.push({ value, peakBytes, load: { ...load, ownSeconds: ownSeconds + childrenSeconds() - before } });
    renameSync(join(place, 'out.mp4'), join(folder, 'result.mp4'));
    rmSync(place, { recursive: true });
    if (!isDisturbed(attempts.at(-1).load)) break;
  }
  return bestAttempt(attempts);
}

/**
 * PSNR of two films, frame by frame: the same network and encoder, so that only rounding and colours tell them apart.
 */
async function likeness(one, other) {
  const told = await command('ffmpeg', ['-i', one, '-i', other, '-lavfi', 'psnr', '-f', 'null', '-']);
  return Number(/average:([\d.]+)/.exec(told)?.[1]);
}

async function command(program, args, variables = {}) {
  const child = spawn(program, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...variables },
  });
  let errors = '';
  child.stderr.on('data', (data) => {
    errors += data;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}: ${errors.slice(-500)}`);
  return errors;
}

/** Of a folder that changes meanwhile. */
function bytesUnder(folder) {
  const names = attempt(() => readdirSync(folder, { recursive: true })) ?? [];
  return names.reduce((sum, name) => {
    const stats = attempt(() => lstatSync(join(folder, name)));
    return sum + (stats?.isFile() ? stats.size : 0);
  }, 0);
}

function attempt(action) {
  try {
    return action();
  } catch {
    return null;
  }
}
