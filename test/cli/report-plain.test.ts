import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { openPlainReporter } from '../../src/cli/report/report-plain.ts';
import type { TaskEvent } from '../../src/core/events.ts';
import { chooseLook } from '../../src/tui/index.ts';
import {
  HOSTILE_NAMES,
  imageStarted,
  progressAt,
  taskDone,
  taskFailed,
  videoStarted,
  warningOf,
} from '../support/task-events.ts';

const video = videoStarted({ framesTotal: 300 });
const START = new Date(2026, 10, 23, 14, 0, 0).getTime();

/** What is said of events at these seconds. */
function told(
  timed: readonly (readonly [seconds: number, event: TaskEvent])[],
  env: Record<string, string> = { LANG: 'C.UTF-8' },
): string[] {
  const lines: string[] = [];
  let nowMs = START;
  const stderr = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  const look = chooseLook(env, 'linux');
  const reporter = openPlainReporter(stderr, { look, intervalSeconds: 5, verbose: false, now: () => new Date(nowMs) });
  for (const [seconds, event] of timed) {
    nowMs = START + seconds * 1000;
    reporter.event(event);
  }
  return lines.join('').trimEnd().split('\n');
}

describe('the plain reporter', () => {
  it('says a line at the start, one every five seconds and one at the end', () => {
    const timed = Array.from({ length: 240 }, (_, index) => [index / 10, progressAt(video, index + 1)] as const);
    expect(
      told([[0, video], ...timed, [24.4, taskDone(video, { seconds: 24.4, bytes: 1_100_000, framesTotal: 300 })]]),
    ).toEqual([
      'upreel: holiday 1998.mp4: 320x240 to 1280x960, 300 frames, realesr-animevideov3-x4 on webgpu, output holiday 1998.upreel-4x.mkv',
      'upreel: holiday 1998.mp4: 17.0 %, 51 of 300 frames, 12.3 frames/s, 20 s left, finish 14:00, memory 812 MB',
      'upreel: holiday 1998.mp4: 33.6 %, 101 of 300 frames, 12.3 frames/s, 16 s left, finish 14:00, memory 812 MB',
      'upreel: holiday 1998.mp4: 50.3 %, 151 of 300 frames, 12.3 frames/s, 12 s left, finish 14:00, memory 812 MB',
      'upreel: holiday 1998.mp4: 67.0 %, 201 of 300 frames, 12.3 frames/s, 8 s left, finish 14:00, memory 812 MB',
      'upreel: holiday 1998.upreel-4x.mkv: 300 frames in 24 s, 1.1 MB',
    ]);
  });

  it('says at least one line of progress of a short task', () => {
    const flower = imageStarted();
    const half = progressAt(flower, 0, { tilesDone: 24, outputPixelsDone: 6_291_456, secondsLeft: null, queues: [] });
    expect(
      told([
        [0, flower],
        [0.2, half],
        [0.4, taskDone(flower, { seconds: 0.4, bytes: 900 })],
      ]),
    ).toEqual([
      'upreel: flower.jpg: 1024x768 to 4096x3072, realesr-general-x4v3 on cpu, output flower.upreel-4x.png',
      'upreel: flower.jpg: 50.0 %, 24 of 48 tiles, 6.3 of 12.6 MP, time left: calculating, memory 812 MB',
      'upreel: flower.upreel-4x.png: done in 0.4 s, 900 B',
    ]);
  });

  it('says a warning once, and a failure with its hint', () => {
    expect(
      told([
        [0, warningOf('odd')],
        [1, warningOf('odd')],
        [2, taskFailed('b.mp4', 'b.mp4 is empty.')],
      ]),
    ).toEqual([
      'upreel: warning: odd',
      'upreel: b.mp4 failed:',
      'upreel: b.mp4 is empty.',
      '  Copy it again from where it came from.',
    ]);
  });

  it('stops telling a flood of warnings and says so', () => {
    const lines = told(Array.from({ length: 500 }, (_, index) => [index, warningOf(`warning ${index}`)] as const));
    expect(lines).toHaveLength(101);
    expect(lines.at(-1)).toBe('upreel: warning: further warnings are not shown.');
  });

  it('says when a model is fetched, every five seconds, and when it is there', () => {
    const pull = (bytesDone: number): TaskEvent => ({
      type: 'pull',
      model: 'm',
      from: 'example.org',
      bytesDone,
      bytesTotal: 4_000_000,
    });
    expect(
      told([
        [0, pull(0)],
        [1, pull(1e6)],
        [6, pull(2e6)],
        [7, pull(4e6)],
      ]),
    ).toEqual([
      'upreel: fetching model m from example.org: 0 B of 4.0 MB',
      'upreel: fetching model m from example.org: 2.0 MB of 4.0 MB',
      'upreel: fetched model m, 4.0 MB',
    ]);
  });

  it('goes on talking when the clock is set back', () => {
    const lines = told([
      [0, video],
      [-3600, progressAt(video, 10)],
    ]);
    expect(lines).toHaveLength(2);
  });

  it('makes every hostile name a harmless part of one line', () => {
    for (const name of HOSTILE_NAMES) {
      const hostile = videoStarted({ input: name, output: name, model: name, device: name });
      const lines = told([
        [0, hostile],
        [6, progressAt(hostile, 1)],
        [7, warningOf(name)],
        [8, taskDone(hostile)],
      ]);
      expect(lines).toHaveLength(4);
      expect(lines.join('')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    }
  });

  it('says plain ASCII where the locale is not UTF-8', () => {
    expect(told([[0, warningOf('Mädchen')]], { LANG: 'C' })).toEqual(['upreel: warning: M?dchen']);
  });
});
