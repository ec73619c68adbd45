import { describe, expect, it } from 'vitest';
import { drawBar } from '../../src/tui/bar.tsx';
import { chooseLook } from '../../src/tui/look.ts';
import { fitSections } from '../../src/tui/sections.ts';
import { bottleneck, doneSummary, stagesOf, taskFacts } from '../../src/tui/summary.ts';
import { imageStarted, progressAt, taskDone, videoStarted } from '../support/task-events.ts';

function factsOf(task: Parameters<typeof taskFacts>[0], isOver = false): string[] {
  return taskFacts(task, 0, isOver).map(({ label, value }) => `${label}: ${value}`);
}

describe('taskFacts', () => {
  it('says that it is calculating until it can know', () => {
    const started = videoStarted({ framesTotal: null });
    const facts = factsOf({ started, progress: null, number: 1, newsAtMs: 0 });
    expect(facts).toEqual([
      'frames: 0',
      'speed: calculating',
      'time left: calculating',
      'finish: calculating',
      'elapsed: 0.0 s',
    ]);
  });

  it('counts tiles and pixels of a still picture, and pages of an animated one', () => {
    const still = imageStarted();
    const animated = imageStarted({ framesTotal: 24 });
    expect(factsOf({ started: still, progress: null, number: 1, newsAtMs: 0 }).slice(0, 2)).toEqual([
      'tiles: 0 of 48',
      'pixels: 0.0 of 12.6 MP',
    ]);
    expect(factsOf({ started: animated, progress: progressAt(animated, 5), number: 1, newsAtMs: 0 })[0]).toBe(
      'frames: 5 of 24',
    );
  });

  it('promises nothing of a task that was stopped', () => {
    const started = videoStarted();
    const facts = factsOf({ started, progress: progressAt(started, 5), number: 1, newsAtMs: 0 }, true);
    expect(facts.join()).not.toMatch(/time left|finish/);
  });
});

describe('reuse', () => {
  it('is told when there was any, while it runs and at the end', () => {
    const started = videoStarted();
    const progress = { ...progressAt(started, 5), reusedShare: 0.4567 };
    expect(factsOf({ started, progress, number: 1, newsAtMs: 0 })).toContain('reused: 45.6 %');
    expect(doneSummary({ ...taskDone(started), reusedShare: 0.4567 }, 'video')).toMatch(
      /, 45\.6 % of the work saved by reuse$/,
    );
    expect(doneSummary({ ...taskDone(started), reusedShare: 0.0001 }, 'video')).not.toContain('reuse');
  });
});

describe('doneSummary', () => {
  it.each([
    [taskDone(videoStarted()), 'video', '43,200 frames in 58 min 32 s, 158 MB'],
    [taskDone(videoStarted(), { framesTotal: 1, seconds: 0.51, bytes: 900 }), 'video', '1 frame in 0.5 s, 900 B'],
    [taskDone(imageStarted(), { seconds: 12.2, bytes: 14.2e6 }), 'image', 'done in 12 s, 14.2 MB'],
  ] as const)('sums up %o of a %s', (done, kind, words) => {
    expect(doneSummary(done, kind)).toBe(words);
  });
});

describe('bottleneck', () => {
  it.each([
    ['decoded', 'slowest: upscaling'],
    ['upscaled', 'slowest: encoding'],
    ['odd\x1b', 'slowest: after odd\\x1b'],
  ])('names what takes from a full queue called %j', (name, words) => {
    expect(bottleneck([{ name, length: 8, capacity: 8 }], 'utf8')).toBe(words);
  });
});

describe('stagesOf', () => {
  it('leaves out the join of a still picture unless it says to be there', () => {
    expect(stagesOf('image', 'upscale')).toEqual(['prepare', 'upscale', 'verify', 'publish']);
    expect(stagesOf('image', 'join')).toContain('join');
    expect(stagesOf('video', 'prepare')).toContain('join');
  });
});

describe('drawBar', () => {
  const { barSteps } = chooseLook({ LANG: 'C.UTF-8' }, 'linux').symbols;
  it.each([
    [0, '░░░░'],
    [0.125, '▌░░░'],
    [0.5, '██░░'],
    [0.9999, '███▊'],
    [1, '████'],
    [7, '████'],
    [-1, '░░░░'],
  ])('draws %d of four cells as %s', (fraction, bar) => {
    const { full, rest } = drawBar(fraction, 4, barSteps);
    expect(full + rest).toBe(bar);
  });
});

describe('fitSections', () => {
  const sections = [
    { name: 'heading', rows: 1, rank: 0 },
    { name: 'facts', rows: 4, rank: 2 },
    { name: 'bar', rows: 1, rank: 0 },
    { name: 'help', rows: 1, rank: 7 },
  ] as const;
  it.each([
    [10, ['heading', 'facts', 'bar', 'help']],
    [6, ['heading', 'facts', 'bar']],
    [5, ['heading', 'bar']],
    [1, ['heading', 'bar']],
  ])('keeps in %i rows: %j', (maxRows, names) => {
    expect(fitSections(sections, maxRows)).toEqual(names);
  });
});
