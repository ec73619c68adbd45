// Peak resident memory of upreel's processes (node, engine, ffmpeg) on a clip and on one ten times as long (FRAMES;
// some minutes). The bar: 1.05. A clip of a few seconds ends before encoder and engine have reached their level.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { peakOfCommand } from './process-tree.mjs';
import { makeClip, scratchFolder } from './support.mjs';

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const folder = scratchFolder();
const SHORT = Number(process.env.FRAMES ?? 300);

const short = await peakOf(makeClip(join(folder, 'short.mp4'), { width: 96, height: 64, frames: SHORT }));
const long = await peakOf(makeClip(join(folder, 'long.mp4'), { width: 96, height: 64, frames: SHORT * 10 }));
console.log(
  `  ${SHORT} frames: ${megabytes(short)}, ${SHORT * 10} frames: ${megabytes(long)}, ratio ${(long / short).toFixed(3)}`,
);

async function peakOf(input) {
  const output = join(folder, 'out.mkv');
  rmSync(output, { force: true });
  const args = [CLI, input, '-o', output, '-m', 'realesr-animevideov3-x2', '--device', 'cpu', '--no-tui'];
  return (await peakOfCommand(process.execPath, args)).peakBytes;
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
