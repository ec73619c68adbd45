import { describe, expect, it } from 'vitest';
import { openPace, type Pace } from '../../src/cli/report/report-pace.ts';
import type { Progress, TaskEvent } from '../../src/core/events.ts';
import { progressAt, taskDone, taskFailed, videoStarted, warningOf } from '../support/task-events.ts';

const video = videoStarted({ framesTotal: 100 });

function paceAt(): { pace: Pace; clock: { ms: number } } {
  const clock = { ms: 0 };
  return { pace: openPace(500, () => clock.ms), clock };
}

function progressOf(events: readonly TaskEvent[]): Progress[] {
  return events.filter((event) => event.type === 'progress');
}

describe('openPace', () => {
  it('tells progress at the start, twice a second at most, and all of it at the end', () => {
    const { pace, clock } = paceAt();
    const told: { atMs: number; progress: Progress }[] = [];
    const tell = (event: TaskEvent) => {
      for (const progress of progressOf(pace(event))) told.push({ atMs: clock.ms, progress });
    };
    tell(video);
    for (let frame = 1; frame <= 100; frame += 1) {
      clock.ms += 33;
      tell(progressAt(video, frame));
    }
    tell(taskDone(video, { framesTotal: 100 }));
    expect(told[0]).toMatchObject({ atMs: 0, progress: { framesDone: 0, stage: 'prepare' } });
    expect(told.at(-1)).toMatchObject({ progress: { framesDone: 100, secondsLeft: 0, stage: 'publish' } });
    for (let index = 1; index < told.length - 1; index += 1) {
      expect(told[index]!.atMs - told[index - 1]!.atMs).toBeGreaterThanOrEqual(500);
    }
    expect(told.length).toBe(1 + 6 + 1);
  });

  it('tells two records of a task that is over at once', () => {
    const { pace } = paceAt();
    const types = [video, taskDone(video)].flatMap((event) => pace(event)).map((event) => event.type);
    expect(types).toEqual(['started', 'progress', 'progress', 'done']);
  });

  it('tells how far a failed task had come', () => {
    const { pace } = paceAt();
    pace(video);
    pace(progressAt(video, 40));
    const last = pace(taskFailed(video.input));
    expect(last).toMatchObject([{ type: 'progress', framesDone: 40 }, { type: 'failed' }]);
  });

  it('passes every warning, and failures of what never started', () => {
    const { pace } = paceAt();
    expect(pace(warningOf('a'))).toHaveLength(1);
    expect(pace(taskFailed('missing.mp4'))).toMatchObject([{ type: 'failed' }]);
  });

  it('thins out a pull but tells its beginning and its end', () => {
    const { pace, clock } = paceAt();
    const told: number[] = [];
    for (let bytesDone = 0; bytesDone <= 1000; bytesDone += 1) {
      clock.ms += 1;
      for (const event of pace({ type: 'pull', model: 'm', from: 'f', bytesDone, bytesTotal: 1000 })) {
        if (event.type === 'pull') told.push(event.bytesDone);
      }
    }
    expect(told).toEqual([0, 500, 1000]);
  });
});
