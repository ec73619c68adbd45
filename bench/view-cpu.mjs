// CPU time of the dashboard, as a share of a core: 130x35, five running jobs whose news come twice a second each, in a
// pseudo-terminal that nobody slows down. SECONDS=30 by default. PROFILE=DIR keeps a CPU profile of the viewer.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { spawn } from '@lydell/node-pty';

const SECONDS = Number(process.env.SECONDS ?? 30);
const DRIVER = fileURLToPath(new URL('view-cpu-feed.mjs', import.meta.url));

for (const [columns, rows] of [
  [80, 24],
  [130, 35],
  [200, 60],
]) {
  const profile = process.env.PROFILE && columns === 130 ? ['--cpu-prof', `--cpu-prof-dir=${process.env.PROFILE}`] : [];
  const viewer = spawn(process.execPath, [...profile, DRIVER], {
    cols: columns,
    rows,
    env: { PATH: process.env.PATH ?? '', TERM: 'xterm-256color', LANG: 'C.UTF-8' },
  });
  let bytes = 0;
  let updates = 0;
  viewer.onData((data) => {
    bytes += data.length;
    updates += data.split('\x1b[?2026h').length - 1;
  });
  // Without starting, and warm.
  await sleep(5000);
  const before = { cpu: cpuSeconds(viewer.pid), bytes, updates, at: performance.now() };
  await sleep(SECONDS * 1000);
  const seconds = (performance.now() - before.at) / 1000;
  const cpu = cpuSeconds(viewer.pid) - before.cpu;
  const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${viewer.pid}/status`, 'utf8'))?.[1]) / 1000;
  viewer.write('q');
  await new Promise((resolve) => viewer.onExit(resolve));
  console.log(
    `${columns}x${rows}: ${((cpu / seconds) * 100).toFixed(1)} % of a core, ` +
      `${((updates - before.updates) / seconds).toFixed(1)} draws/s, ` +
      `${((bytes - before.bytes) / seconds / 1000).toFixed(1)} kB/s to the terminal, ${rss.toFixed(0)} MB`,
  );
}

function cpuSeconds(pid) {
  const raw = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = raw.slice(raw.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
