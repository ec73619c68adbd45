import { describe, expect, it } from 'vitest';
import { drawBar } from '../../src/tui/bar.ts';
import { taskFacts } from '../../src/tui/facts.ts';
import { chooseLook } from '../../src/tui/look.ts';
import { fitSections } from '../../src/tui/panel.ts';
import { doneSummary, stageRates, stagesOf } from '../../src/tui/summary.ts';
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

describe('stageRates', () => {
  const progress = progressAt(videoStarted(), 100);
  const row = (columns: number, changes = {}) =>
    stageRates({ ...progress, ...changes }, columns)
      .map(({ words }) => words)
      .join('   ');

  it('says what each stage could do alone, and which is the slowest', () => {
    expect(row(78)).toBe('decode 7 % 176/s   upscale 98 % 12.6/s slowest   encode 15 % 82.0/s');
    expect(stageRates(progress, 78).map(({ isSlowest }) => isSlowest)).toEqual([false, true, false]);
  });

  it('leaves out how busy they are where there is no room', () => {
    expect(row(60)).toBe('decode 176/s   upscale 12.6/s slowest   encode 82.0/s');
    expect(row(40)).toBe('upscale 12.6/s slowest');
  });

  it('says how busy they are where the rate is not known, and nothing where nothing is', () => {
    expect(row(60, { framesPerSecond: null })).toBe('decode 7 %   upscale 98 % slowest   encode 15 %');
    expect(row(60, { stageLoads: undefined })).toBe('');
  });

  it('tells slow work in time for a frame', () => {
    expect(row(78, { framesPerSecond: 0.02 })).toContain('upscale 98 % 49 s each slowest');
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
