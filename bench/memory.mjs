// Peak resident memory of upreel's processes (node, engine, ffmpeg) on a clip and on one ten times as long. The bar: 1.10.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeClip, scratchFolder } from './support.mjs';

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const folder = scratchFolder();
const SHORT = 40;

const short = await peakOf(makeClip(join(folder, 'short.mp4'), { width: 96, height: 64, frames: SHORT }));
const long = await peakOf(makeClip(join(folder, 'long.mp4'), { width: 96, height: 64, frames: SHORT * 10 }));
console.log(
  `  ${SHORT} frames: ${megabytes(short)}, ${SHORT * 10} frames: ${megabytes(long)}, ratio ${(long / short).toFixed(3)}`,
);

/** The sum of resident memory over the process tree, sampled; shared pages count in each process. */
async function peakOf(input) {
  const output = join(folder, 'out.mkv');
  rmSync(output, { force: true });
  const args = [CLI, input, '-o', output, '-m', 'realesr-animevideov3-x2', '--device', 'cpu', '--no-tui'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'ignore'] });
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, treeBytes(child.pid));
  }, 50);
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(timer);
  if (code !== 0) throw new Error(`upreel ended with ${code}.`);
  return peak;
}

function treeBytes(root) {
  const parents = new Map();
  for (const name of readdirSync('/proc')) {
    if (/^\d+$/.test(name)) parents.set(Number(name), statusOf(name));
  }
  const inTree = (pid) => pid === root || (parents.get(pid)?.parent > 1 && inTree(parents.get(pid).parent));
  let bytes = 0;
  for (const [pid, status] of parents) if (inTree(pid)) bytes += status.bytes;
  return bytes;
}

function statusOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    const field = (name) => Number(text.match(new RegExp(`^${name}:\\s+(\\d+)`, 'm'))?.[1] ?? 0);
    return { parent: field('PPid'), bytes: field('VmRSS') * 1024 };
  } catch {
    return { parent: 0, bytes: 0 };
  }
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
