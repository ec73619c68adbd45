// Peak memory (all of upreel's processes) and time by picture and by tile, on the CPU.
// Environment: MODELS (ids or files, commas between), SIDES, TILES (pixels), TILE_SIDE (picture for the tiles).

import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { scratchFolder, writeSmallNetwork } from './support.mjs';

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const folder = scratchFolder();
const small = writeSmallNetwork(join(folder, 'small.safetensors'));
const models = (process.env.MODELS ?? 'small,realesr-general-x4v3').split(',');
const numbers = (name, usual) => (process.env[name] ?? usual).split(',').map(Number);
const tileSide = Number(process.env.TILE_SIDE ?? 384);

console.log('| network | picture | tile | peak | time | CPU time | CPU time per source megapixel |');
console.log('| --- | --- | --- | --- | --- | --- | --- |');
for (const model of models) {
  const sides = numbers('SIDES', model === 'small' ? '256,512,1024,2048,4096' : '128,256,512,768');
  for (const side of sides) await row(model, side, null);
  for (const tile of numbers('TILES', '32,64,128,192,256,384')) await row(model, tileSide, tile);
}

async function row(model, side, tile) {
  const input = join(folder, `${side}.png`);
  const noise = { type: 'gaussian', mean: 128, sigma: 50 };
  await sharp({ create: { width: side >> 2, height: side >> 2, channels: 3, background: '#000', noise } })
    .resize(side, side)
    .png()
    .toFile(input);
  const flags = ['-m', model === 'small' ? small : model, '--device', 'cpu', '--no-tui', '--overwrite', '--no-config'];
  const tiles = tile === null ? [] : ['--tile', String(tile)];
  const { peak, seconds, cpu } = await measured([CLI, input, '-o', join(folder, 'out.png'), ...flags, ...tiles]);
  const perMegapixel = ((cpu * 1e6) / side ** 2).toFixed(1);
  const cells = [basename(model), `${side}x${side}`, tile ?? 'its own', `${(peak / 1e6).toFixed(0)} MB`];
  console.log(`| ${cells.join(' | ')} | ${seconds.toFixed(1)} s | ${cpu.toFixed(1)} s | ${perMegapixel} s |`);
}

/** Peak of the tree's resident memory, and the CPU time of all its processes. */
async function measured(command) {
  const child = spawn(process.execPath, command, { stdio: 'ignore' });
  const start = performance.now();
  const used = new Map();
  let peak = 0;
  const timer = setInterval(() => {
    let bytes = 0;
    for (const { pid, rss, cpu } of treeOf(child.pid)) {
      bytes += rss;
      used.set(pid, cpu);
    }
    peak = Math.max(peak, bytes);
  }, 50);
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(timer);
  if (code !== 0) throw new Error(`upreel ended with ${code}.`);
  const cpu = [...used.values()].reduce((sum, seconds) => sum + seconds, 0);
  return { peak, seconds: (performance.now() - start) / 1000, cpu };
}

function treeOf(root) {
  const all = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => [Number(name), statOf(name)]),
  );
  const inTree = (pid) => pid === root || (all.get(pid)?.parent > 1 && inTree(all.get(pid).parent));
  return [...all.values()].filter((it) => it !== null && inTree(it.pid));
}

/** Ticks are hundredths of a second on Linux, pages 4096 bytes. */
function statOf(name) {
  try {
    const text = readFileSync(`/proc/${name}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return {
      pid: Number(name),
      parent: Number(fields[1]),
      cpu: (Number(fields[11]) + Number(fields[12])) / 100,
      rss: Number(fields[21]) * 4096,
    };
  } catch {
    return null;
  }
}
