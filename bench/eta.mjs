// The time left as it is said, against what it then took: at 25, 50, 75 and 90 % of each clip, idle and beside other
// work. usage: node bench/eta.mjs CLIP... [-- upreel's flags]     LOADS=0,2: so many busy threads beside
import { spawn } from 'node:child_process';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { makeClip, scratchFolder } from './support.mjs';

const UPREEL = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const SHARES = [0.25, 0.5, 0.75, 0.9];
const LOADS = (process.env.LOADS ?? '0,2').split(',').map(Number);
const folder = scratchFolder();
const [clips, flags] = splitArguments(process.argv.slice(2));
if (clips.length === 0) clips.push(...madeClips());

console.log('| clip | busy threads beside | whole | 25 % | 50 % | 75 % | 90 % |\n|---|---|---|---|---|---|---|');
for (const clip of clips) {
  for (const load of LOADS) {
    const threads = Array.from(
      { length: load },
      () => new Worker('for (let n = 0; ; n++) Math.sqrt(n);', { eval: true }),
    );
    const { seconds, said } = await run(clip);
    await Promise.all(threads.map((thread) => thread.terminate()));
    const cells = said.map((at) => (at === null ? 'nothing said' : cell(at, seconds)));
    console.log(`| ${basename(clip)} | ${load} | ${seconds.toFixed(1)} s | ${cells.join(' | ')} |`);
  }
}

/** Said, real, and how far off, of what was left and of the whole. */
function cell({ atSeconds, secondsLeft }, whole) {
  if (secondsLeft === null) return `none yet / ${(whole - atSeconds).toFixed(1)}`;
  const left = whole - atSeconds;
  const error = secondsLeft - left;
  const share = (of) => `${error < 0 ? '' : '+'}${((100 * error) / of).toFixed(0)} %`;
  return `${secondsLeft.toFixed(1)} / ${left.toFixed(1)} (${share(left)}; ${share(whole)})`;
}

/** The first report from each share of the work on. */
async function run(clip) {
  const output = join(folder, 'out.mkv');
  const args = [UPREEL, clip, '-o', output, '--overwrite', '--json', '--foreground', '--no-config', ...flags];
  const program = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, XDG_STATE_HOME: join(folder, 'state') },
  });
  const said = SHARES.map(() => null);
  let [begun, ended] = [performance.now(), null];
  for await (const line of createInterface({ input: program.stdout })) {
    const event = JSON.parse(line);
    const now = performance.now();
    if (event.type === 'started') begun = now;
    if (event.type === 'done') ended = now;
    if (event.type !== 'progress') continue;
    const done = event.outputPixelsDone / event.outputPixelsTotal;
    for (const [index, share] of SHARES.entries()) {
      if (done < share || said[index] !== null) continue;
      said[index] = { atSeconds: (now - begun) / 1000, secondsLeft: event.secondsLeft };
    }
  }
  if (ended === null) throw new Error(`${clip} was not upscaled.`);
  return { seconds: (ended - begun) / 1000, said };
}

function splitArguments(args) {
  const at = args.indexOf('--');
  return at < 0 ? [[...args], []] : [args.slice(0, at), args.slice(at + 1)];
}

/** For who names none. */
function madeClips() {
  return [makeClip(join(folder, 'noise.mp4'), { width: 160, height: 120, frames: 120 })];
}
