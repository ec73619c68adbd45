import { describe, expect, it } from 'vitest';
import type { TaskEvent } from '../../src/core/events.ts';
import {
  fractionDone,
  initialState,
  MAX_WARNING_ROWS,
  rateAlone,
  reduce,
  slowestStage,
  type ViewState,
} from '../../src/tui/state.ts';
import { imageStarted, progressAt, taskDone, taskFailed, videoStarted, warningOf } from '../support/task-events.ts';

const started = videoStarted();

function stateAfter(...events: readonly TaskEvent[]): ViewState {
  return events.reduce((state, event) => reduce(state, { type: 'event', event, atMs: 1000 }), initialState(3));
}

describe('reduce', () => {
  it('follows one task from its start to its end', () => {
    const running = stateAfter(started, progressAt(started, 10), progressAt(started, 20));
    expect(running.current).toMatchObject({ number: 1, newsAtMs: 1000, progress: { framesDone: 20 } });
    const over = stateAfter(started, progressAt(started, 10), taskDone(started));
    expect(over).toMatchObject({ current: null, inputsDone: 1, settled: [{ type: 'done', kind: 'video' }] });
  });

  it('numbers tasks over successes and failures', () => {
    const image = imageStarted();
    const state = stateAfter(started, taskDone(started), taskFailed('b.mp4'), image);
    expect(state).toMatchObject({ inputsDone: 1, inputsFailed: 1, current: { number: 3, started: image } });
    expect(state.settled.map((row) => row.type)).toEqual(['done', 'failed']);
  });

  it('shows a pull until it is whole, then settles it once', () => {
    const pull = (bytesDone: number): TaskEvent => ({
      type: 'pull',
      model: 'm',
      bytesDone,
      bytesTotal: 10,
      from: 'host',
    });
    expect(stateAfter(pull(0), pull(4)).pull).toMatchObject({ bytesDone: 4 });
    expect(stateAfter(pull(0), pull(10), pull(10))).toMatchObject({
      pull: null,
      settled: [{ type: 'pulled', bytes: 10 }],
    });
    expect(stateAfter(pull(0), pull(10), pull(10)).settled).toHaveLength(1);
    expect(stateAfter(pull(4), started).pull).toBeNull();
  });

  it('keeps a pull of unknown size open', () => {
    expect(stateAfter({ type: 'pull', model: 'm', bytesDone: 9, bytesTotal: 0, from: 'host' }).pull).not.toBeNull();
  });

  it('tells a warning once for each input', () => {
    const state = stateAfter(
      started,
      warningOf('a'),
      warningOf('a'),
      warningOf('b'),
      taskDone(started),
      videoStarted({ input: 'c' }),
      warningOf('a'),
    );
    expect(state.settled.filter((row) => row.type === 'warning')).toHaveLength(3);
    expect(state.warnings).toBe(3);
  });

  it('counts a flood of warnings without keeping it', () => {
    const state = stateAfter(started, ...Array.from({ length: 500 }, (_, index) => warningOf(`warning ${index}`)));
    expect(state.warnings).toBe(500);
    expect(state.settled).toHaveLength(MAX_WARNING_ROWS + 1);
    expect(state.settled.at(-1)).toEqual({ type: 'warnings-hidden' });
  });

  it('keeps the unfinished task when the run is interrupted', () => {
    const running = stateAfter(started, progressAt(started, 10));
    const asked = reduce(running, { type: 'interrupt' });
    const over = reduce(asked, { type: 'exit', code: 130, error: null });
    expect(over).toMatchObject({ interrupts: 1, end: { code: 130 }, current: { progress: { framesDone: 10 } } });
  });

  it('ignores progress of nothing', () => {
    expect(stateAfter(progressAt(started, 10))).toEqual(initialState(3));
  });
});

describe('fractionDone', () => {
  const task = { started, number: 1, newsAtMs: 0 };
  it.each([
    ['nothing told yet', null, 0],
    ['pixels', progressAt(started, 10_800), 0.25],
    ['frames while pixels are not counted', progressAt(started, 10_800, { outputPixelsTotal: null }), 0.25],
    ['no total at all', progressAt(videoStarted({ framesTotal: null }), 9), null],
    ['more than was planned', progressAt(started, 50_000), 1],
  ])('reckons from %s', (_, progress, fraction) => {
    const base = progress?.framesTotal === null ? { ...task, started: videoStarted({ framesTotal: null }) } : task;
    expect(fractionDone({ ...base, progress })).toBe(fraction);
  });
});

describe('slowestStage', () => {
  const loads = (decode: number, upscale: number, encode: number) => ({
    stageLoads: [
      { name: 'decode', busy: decode },
      { name: 'upscale', busy: upscale },
      { name: 'encode', busy: encode },
    ] as const,
  });
  it.each([
    [0.02, 0.99, 0.1, 'upscale'],
    [0.97, 0.3, 0.1, 'decode'],
    [0.5, 0.8, 0.94, 'encode'],
  ])('finds of decoding %d, upscaling %d and encoding %d: %s', (decode, upscale, encode, name) => {
    expect(slowestStage(loads(decode, upscale, encode))?.name).toBe(name);
  });

  it('says nothing where nothing is known or has worked', () => {
    expect(slowestStage({})).toBeNull();
    expect(slowestStage(loads(0, 0, 0))).toBeNull();
  });
});

describe('rateAlone', () => {
  it('reckons without the waits, and guesses nothing of a stage that hardly worked', () => {
    expect(rateAlone({ name: 'encode', busy: 0.25 }, 2)).toBe(8);
    expect(rateAlone({ name: 'encode', busy: 0.01 }, 2)).toBeNull();
    expect(rateAlone({ name: 'encode', busy: 0.25 }, null)).toBeNull();
  });
});
