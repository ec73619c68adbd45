import type { Progress, TaskDone, TaskEvent, TaskStarted } from '../../src/core/events.ts';

/** Events as a real task tells them, with what a test wants different. */

export function videoStarted(changes: Partial<TaskStarted> = {}): TaskStarted {
  return {
    type: 'started',
    kind: 'video',
    input: 'holiday 1998.mp4',
    output: 'holiday 1998.upreel-4x.mkv',
    model: 'realesr-animevideov3-x4',
    device: 'webgpu',
    source: { width: 320, height: 240 },
    target: { width: 1280, height: 960 },
    framesTotal: 43_200,
    tilesPerFrame: 4,
    framesKept: 0,
    ...changes,
  };
}

export function imageStarted(changes: Partial<TaskStarted> = {}): TaskStarted {
  return {
    type: 'started',
    kind: 'image',
    input: 'flower.jpg',
    output: 'flower.upreel-4x.png',
    model: 'realesr-general-x4v3',
    device: 'cpu',
    source: { width: 1024, height: 768 },
    target: { width: 4096, height: 3072 },
    framesTotal: 1,
    tilesPerFrame: 48,
    framesKept: 0,
    ...changes,
  };
}

/** A task's progress when `framesDone` of its frames are upscaled at 12.3 frames/s. */
export function progressAt(started: TaskStarted, framesDone: number, changes: Partial<Progress> = {}): Progress {
  const pixels = started.target.width * started.target.height;
  const framesTotal = started.framesTotal;
  return {
    type: 'progress',
    input: started.input,
    stage: 'upscale',
    framesDone,
    framesTotal,
    tilesDone: framesDone * started.tilesPerFrame,
    outputPixelsDone: framesDone * pixels,
    outputPixelsTotal: framesTotal === null ? null : framesTotal * pixels,
    elapsedSeconds: framesDone / 12.3,
    framesPerSecond: 12.3,
    secondsLeft: framesTotal === null ? null : (framesTotal - framesDone) / 12.3,
    ...(started.kind === 'video' ? AT_WORK : { queues: [] }),
    rssBytes: 812_000_000,
    bytesWritten: framesDone * 3_650,
    ...changes,
  };
}

const AT_WORK: Pick<Progress, 'queues' | 'stageLoads'> = {
  queues: [
    { name: 'decoded', length: 2, capacity: 2 },
    { name: 'network', length: 5, capacity: 5 },
    { name: 'upscaled', length: 0, capacity: 2 },
  ],
  stageLoads: [
    { name: 'decode', busy: 0.07 },
    { name: 'upscale', busy: 0.98 },
    { name: 'encode', busy: 0.15 },
  ],
};

export function taskDone(started: TaskStarted, changes: Partial<TaskDone> = {}): TaskDone {
  return {
    type: 'done',
    input: started.input,
    output: started.output,
    framesTotal: started.framesTotal ?? 300,
    seconds: 3512,
    bytes: 157_700_000,
    ...changes,
  };
}

export function taskFailed(input: string, message = `${input} ends in the middle of a frame.`): TaskEvent {
  return {
    type: 'failed',
    input,
    error: {
      code: 'input-damaged',
      message,
      hint: 'Copy it again from where it came from.',
      detail: 'at reader.ts:12',
    },
  };
}

export function warningOf(message: string): TaskEvent {
  return { type: 'warning', code: 'test', message };
}

/** Names that try what a terminal can be talked into: title, clipboard, cursor, direction, invisible and wide text. */
export const HOSTILE_NAMES: readonly string[] = [
  '\x1b]0;OWNED\x07title.mp4',
  '\x1b]52;c;b3duZWQ=\x07clipboard.mp4',
  '\x9d0;OWNED\x9cc1-title.mp4',
  '\x9d52;c;b3duZWQ=\x07c1-clipboard.mp4',
  '\x1b[2J\x1b[H\x1b[?1049hclear.mp4',
  '\x1bP1$r0m\x1b\\dcs.mp4',
  'up\x1b[20Aand\rover\x08\x7f.mp4',
  'two\nlines\u2028and\u2029three.mp4',
  'abc\u202e4pm.exe',
  '\u2066isolated\u2069\u200f.mp4',
  'zero\u200bwidth\u2060\ufeff.mp4',
  '\ud800lone\udc00.mp4',
  `z${'\u0335\u0321\u0322'.repeat(200)}algo.mp4`,
  '😀'.repeat(300),
  '👩‍👩‍👧‍👦👍🏽🇨🇭❤️'.repeat(30),
  '全角文字のとても長い名前'.repeat(20),
  '\u{e0041}\u{e0042}tags\u3164filler.mp4',
];
