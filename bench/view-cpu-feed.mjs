// The viewer that bench/view-cpu.mjs measures: the real dashboard on a feed of five running jobs.
import { chooseLook } from '../dist/tui/index.js';

process.env.NODE_ENV ??= 'production';
const { openDashboard } = await import('../dist/tui/dashboard/open-dashboard.js');
const FRAMES = 43_200;
let step = 0;
let listener = () => undefined;
const timer = setInterval(() => {
  step += 1;
  listener(Array.from({ length: 5 }, (_, index) => job(index)));
}, 200);

const { stdout, stdin, env } = process;
await openDashboard({
  feed: {
    subscribe(told) {
      listener = told;
      told(Array.from({ length: 5 }, (_, index) => job(index)));
      return () => undefined;
    },
    act: async () => undefined,
    log: async () => [],
    preview: async () => null,
    close: () => undefined,
  },
  ...{ look: chooseLook(env, process.platform), stdout, stdin, env },
});
clearInterval(timer);

/** Each job's news come at another fifth of half a second. */
function job(index) {
  const news = Math.floor((step + index) / 2.5);
  const framesDone = 10_000 + index * 4000 + news * 6;
  const rate = 12 + Math.sin(news / 9) + index;
  return {
    ...{ id: `job${index}`, state: 'running', input: `/films/holiday ${index}.mp4`, output: `/films/${index}.mkv` },
    ...{ folder: `/films/${index}.upreel`, model: 'realesr-animevideov3-x4', device: 'cpu', place: null, nice: 0 },
    ...{ only: null, createdAtMs: Date.now() - 3_600_000, endedAtMs: null, warnings: ['one', 'two'], error: null },
    supervisorPid: process.ppid,
    started: {
      ...{ type: 'started', kind: 'video', input: '', output: '', model: '', device: 'cpu', framesKept: 0 },
      ...{ source: { width: 320, height: 240 }, target: { width: 1280, height: 960 }, framesTotal: FRAMES },
      tilesPerFrame: 4,
    },
    progress: {
      ...{ type: 'progress', input: '', stage: 'upscale', framesDone, framesTotal: FRAMES, tilesDone: framesDone * 4 },
      ...{ outputPixelsDone: framesDone * 1_228_800, outputPixelsTotal: FRAMES * 1_228_800, framesPerSecond: rate },
      ...{ elapsedSeconds: framesDone / 12, secondsLeft: (FRAMES - framesDone) / rate, rssBytes: 8e8 },
      bytesWritten: framesDone * 3650,
      queues: [
        { name: 'decoded', length: 1 + (news % 2), capacity: 2 },
        { name: 'network', length: 4 + (news % 2), capacity: 5 },
        { name: 'upscaled', length: news % 2, capacity: 2 },
      ],
      stageLoads: [
        { name: 'decode', busy: 0.1 + (news % 7) / 100 },
        { name: 'upscale', busy: 0.98 },
        { name: 'encode', busy: 0.2 + (news % 5) / 100 },
      ],
    },
    segments: Array.from({ length: 90 }, (_, segment) => {
      const [startFrame, endFrame] = [segment * 480, (segment + 1) * 480];
      const isDone = endFrame <= framesDone;
      const state = isDone ? 'done' : startFrame <= framesDone ? 'running' : 'planned';
      return { index: segment, startFrame, endFrame, state, attempts: 1, reusedShare: 0, bytes: isDone ? 1e6 : null };
    }),
  };
}
