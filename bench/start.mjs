// How long a still waits before its first tile: from the start of the command to what it tells when the picture is read
// and the network is open, with the network in the cache. Beside it what Node.js alone takes to start twice, as
// upreel's two processes do one within the other. Environment: MODEL (realesr-general-x4v3), RUNS (15).
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { scratchFolder, spread } from './support.mjs';

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const model = process.env.MODEL ?? 'realesr-general-x4v3';
const runs = Number(process.env.RUNS ?? 15);
const folder = scratchFolder();
const picture = join(folder, 'photo.png');
await sharp({ create: { width: 256, height: 256, channels: 3, noise: { type: 'gaussian', mean: 128, sigma: 40 } } })
  .png()
  .toFile(picture);

// The first ones fetch, measure and prove; they do not count.
for (let warming = 0; warming < 2; warming++) await run();
const times = [];
const nodes = [];
for (let turn = 0; turn < runs; turn++) {
  times.push(await run());
  nodes.push(emptyNode());
}
console.log(`${model}, 256x256, CPU, ${runs} runs, milliseconds: median (least..most)`);
console.log('| | to the first tile | to the end |');
console.log('| --- | --- | --- |');
console.log(
  `| upreel | ${spread(
    times.map(({ opened }) => opened),
    0,
  )} | ${spread(
    times.map(({ ended }) => ended),
    0,
  )} |`,
);
console.log(`| an empty Node.js | | ${spread(nodes, 0)} |`);

async function run() {
  const began = performance.now();
  const flags = ['-m', model, '--device', 'cpu', '--overwrite', '--json', '--no-config', '--no-tui'];
  const env = { ...process.env, XDG_STATE_HOME: join(folder, 'state') };
  const child = spawn(process.execPath, [CLI, picture, '-o', join(folder, 'out.png'), ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env,
  });
  let opened = Number.NaN;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { type } = JSON.parse(line);
    if (type === 'started') opened = performance.now() - began;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`upreel ended with ${code}.`);
  return { opened, ended: performance.now() - began };
}

function emptyNode() {
  const began = performance.now();
  spawnSync(process.execPath, ['-e', '']);
  return performance.now() - began;
}
