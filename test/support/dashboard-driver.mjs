// Shows the built dashboard a feed that is played from a script: node dashboard-driver.mjs SCRIPT.json
// SCRIPT.json: { jobs, selected?, ownJobs?, log?, preview?, refuse?, liveMs?, steps?, bell? }
//   steps: { waitMs } | { file: until it is there } | { change: { id, ... } } | { remove: id } | { crash: true } | { clock: milliseconds }
//   liveMs: the running jobs go on by a frame or so, so often
// Each act is appended to the file DASHBOARD_ACTS as "ID ACTION", and changes the job as its supervisor would.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { UpreelError } from '../../dist/core/errors.js';
import { chooseLook } from '../../dist/tui/index.js';

process.env.NODE_ENV ??= 'production';
const { openDashboard } = await import('../../dist/tui/dashboard/open-dashboard.js');
const script = JSON.parse(readFileSync(process.argv[2], 'utf8'));
let jobs = script.jobs;
const listeners = new Set();
const tell = () => {
  for (const listener of listeners) listener(jobs);
};
const change = (id, changes) => {
  jobs = jobs.map((job) => (job.id === id ? { ...job, ...changes } : job));
  tell();
};
const AFTER = {
  pause: { state: 'paused' },
  resume: { state: 'running' },
  drain: { state: 'draining' },
  cancel: { state: 'cancelled' },
  'move-up': {},
  'move-down': {},
};
const feed = {
  subscribe(listener) {
    listeners.add(listener);
    listener(jobs);
    return () => listeners.delete(listener);
  },
  async act(id, action) {
    if (process.env.DASHBOARD_ACTS) appendFileSync(process.env.DASHBOARD_ACTS, `${id} ${action}\n`);
    if (script.refuse) throw new UpreelError('usage', script.refuse);
    if (action === 'remove') {
      jobs = jobs.filter((job) => job.id !== id);
      tell();
    } else change(id, AFTER[action]);
  },
  async log() {
    if (script.log === undefined) throw new Error('The folder is gone.');
    return script.log;
  },
  async preview() {
    return script.preview ? gradientPair(script.preview) : null;
  },
  close() {},
};
let live;
if (script.liveMs) live = setInterval(goOn, script.liveMs);

const { stdout, stdin, env } = process;
const ended = openDashboard({
  ...{ feed, look: chooseLook(env, process.platform), stdout, stdin, env },
  ...(script.selected ? { selected: script.selected } : {}),
  ...(script.ownJobs ? { ownJobs: script.ownJobs } : {}),
  ...(script.bell === undefined ? {} : { bell: script.bell }),
});
void play();
const how = await ended;
clearInterval(live);
console.log(`dashboard: ${how}`);
process.exit(0);

async function play() {
  for (const step of script.steps ?? []) {
    if (step.waitMs) await sleep(step.waitMs);
    while (step.file && !existsSync(step.file)) await sleep(20);
    if (step.change) change(step.change.id, step.change);
    if (step.remove) {
      jobs = jobs.filter((job) => job.id !== step.remove);
      tell();
    }
    if (step.clock) {
      const now = Date.now;
      Date.now = () => now() + step.clock;
      const RealDate = Date;
      globalThis.Date = class extends RealDate {
        constructor(...parts) {
          super(...(parts.length === 0 ? [now() + step.clock] : parts));
        }
      };
    }
    if (step.crash) setImmediate(() => Promise.reject(new Error('crash on purpose')));
  }
}

/** What a real job tells next. */
function goOn() {
  jobs = jobs.map((job) => {
    if (job.state !== 'running' || !job.progress) return job;
    const { progress } = job;
    const framesDone = Math.min(progress.framesTotal, progress.framesDone + Math.ceil(progress.framesPerSecond / 2));
    const wobble = 1 + 0.3 * Math.sin(framesDone / 40) + 0.1 * Math.random();
    const full = Math.random() < 0.9;
    return {
      ...job,
      progress: {
        ...progress,
        framesDone,
        outputPixelsDone: (progress.outputPixelsTotal / progress.framesTotal) * framesDone,
        framesPerSecond: progress.framesPerSecond * 0.9 + 0.1 * (script.baseRate ?? 12) * wobble,
        secondsLeft: (progress.framesTotal - framesDone) / progress.framesPerSecond,
        elapsedSeconds: progress.elapsedSeconds + script.liveMs / 1000,
        bytesWritten: framesDone * 3650,
        queues: progress.queues.map((queue, index) => ({
          ...queue,
          length: full ? queue.length : index === 2 ? 1 : queue.capacity - 1,
        })),
      },
      segments: job.segments.map((segment) => ({
        ...segment,
        state: segment.endFrame <= framesDone ? 'done' : segment.startFrame <= framesDone ? 'running' : 'planned',
        bytes: segment.endFrame <= framesDone ? (segment.endFrame - segment.startFrame) * 3650 : null,
      })),
    };
  });
  tell();
}

/** A gradient, coarse before and fine after, so that both sides can be told apart. */
function gradientPair({ frame, width, height, scale }) {
  const picture = (w, h, step) => {
    const rgb = new Uint8Array(w * h * 3);
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        const at = (y * w + x) * 3;
        rgb[at] = Math.floor(((x / w) * 255) / step) * step;
        rgb[at + 1] = Math.floor(((y / h) * 255) / step) * step;
        rgb[at + 2] = 128;
      }
    }
    return { width: w, height: h, rgb };
  };
  return { frame, before: picture(width, height, 32), after: picture(width * scale, height * scale, 1) };
}
