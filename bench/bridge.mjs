// What the bridge costs beside the command: round-trip time of the same pixels through a warm service and through
// `upreel FILE`, in turn, and the peak memory of the service with its engine. SIDES=512,1024 ROUNDS=3 node bench/bridge.mjs
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { bridgeClient } from '../dist/bridge/index.js';
import { readStateFile } from '../dist/bridge/state-file.js';
import { median, scratchFolder, spread } from './support.mjs';

const MODEL = process.env.MODEL ?? 'realesr-animevideov3-x2';
const SIDES = (process.env.SIDES ?? '512,1024').split(',').map(Number);
const ROUNDS = Number(process.env.ROUNDS ?? 3);
const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const folder = scratchFolder();
const stateFile = join(folder, 'state', 'service.json');

const service = spawn(process.execPath, [cli, 'serve', '--state-file', stateFile], { stdio: 'ignore' });
process.on('exit', () => service.kill('SIGKILL'));
let state = null;
while (state === null) {
  await new Promise((resolve) => setTimeout(resolve, 50));
  state = await readStateFile(stateFile);
}
const client = bridgeClient(state);

console.log(`${MODEL}, RGB of 8 bits: seconds, median (min..max) of ${ROUNDS}, and peak resident memory`);
for (const side of SIDES) {
  const pixels = Buffer.alloc(side * side * 3);
  for (let index = 0; index < pixels.length; index++) pixels[index] = (index * 7919) >> 5;
  const input = join(folder, `${side}.png`);
  await sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
    .png()
    .toFile(input);
  const request = { width: side, height: side, channels: 3, depth: 'u8', model: MODEL };
  const through = [];
  const command = [];
  const work = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const bridged = await timed(async () => {
      await client.upscale(request, pixels, { onEvent: (event) => event.event === 'done' && work.push(event.seconds) });
    });
    const alone = await timed(async () => runCommand(input, join(folder, 'out.png')));
    // The first of each only warms up.
    if (round > 0) {
      through.push(bridged);
      command.push(alone);
    }
  }
  const transport = median(through.map((seconds, index) => seconds - work[index + 1]));
  const saved = median(through) / median(command);
  console.log(
    `${side}x${side}: bridge ${spread(through, 2)}, of it outside the engine ${transport.toFixed(3)}; ` +
      `command ${spread(command, 2)}; ratio ${saved.toFixed(2)}; ` +
      `peak of service ${peakOf(service.pid)} MB, engine ${peakOf(childOf(service.pid))} MB`,
  );
  rmSync(input);
}
service.kill('SIGTERM');

async function timed(work) {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

function runCommand(input, output) {
  const args = [cli, input, '-o', output, '-m', MODEL, '--overwrite', '--no-tui', '--device', 'cpu'];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

function peakOf(pid) {
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024);
}

function childOf(pid) {
  return readdirSync(`/proc/${pid}/task`)
    .flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' '))
    .filter(Boolean)[0];
}
