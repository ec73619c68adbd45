// biome-ignore-all lint/suspicious/noControlCharactersInRegex: control sequences are what some of these tests look for.
import { describe, expect, it } from 'vitest';
import { drawChart } from '../../../src/tui/dashboard/chart.ts';
import { figuresOf } from '../../../src/tui/dashboard/figures.ts';
import { follow, type HistoryView, NO_HISTORY, ratesIn } from '../../../src/tui/dashboard/history.ts';
import { parseNvidia } from '../../../src/tui/dashboard/load-meter.ts';
import { notification } from '../../../src/tui/dashboard/notification.ts';
import { drawSegmentMap, segmentCells } from '../../../src/tui/dashboard/segment-map.ts';
import { chooseLook } from '../../../src/tui/look.ts';
import { safeText } from '../../../src/tui/safe-text.ts';
import { queuedJob, runningJob, segmentsOf } from '../../support/job-snapshots.ts';

const LOOK = chooseLook({ LANG: 'C.UTF-8' }, 'linux');

describe('figuresOf', () => {
  it('forecasts the size from whole segments', () => {
    const { bytes, bytesForecast } = figuresOf(runningJob('a'));
    expect(bytes).toBe(12_340 * 3650);
    expect(bytesForecast).toBeCloseTo(43_200 * 3650, 0);
  });

  it('forecasts nothing from a few frames, and knows nothing of a job that waits', () => {
    const early = runningJob('a', {}, 20);
    expect(figuresOf(early).bytesForecast).toBeNull();
    expect(figuresOf(queuedJob('q'))).toMatchObject({ fraction: 0, framesTotal: null, secondsLeft: null, bytes: 0 });
  });

  it('forecasts nothing from a file whose encoder has given nothing but its head', () => {
    const job = { ...runningJob('a', {}, 300), segments: [] };
    expect(figuresOf({ ...job, progress: { ...job.progress!, bytesWritten: 44 } }).bytesForecast).toBeNull();
    expect(figuresOf({ ...job, progress: { ...job.progress!, bytesWritten: 300_000 } }).bytesForecast).toBe(43.2e6);
  });

  it('tells the share done of an interrupted job from its segments alone', () => {
    const job = queuedJob('i', { state: 'interrupted', segments: segmentsOf(1000, 100, 430) });
    expect(figuresOf(job)).toMatchObject({ fraction: 0.4, framesDone: 400, framesTotal: 1000, segmentsDone: 4 });
  });
});

describe('the history of a rate', () => {
  const at = (rate: number | null) => {
    const job = runningJob('a');
    return { ...job, progress: { ...job.progress!, framesPerSecond: rate } };
  };

  it('keeps days in as little room as minutes', () => {
    let history: HistoryView = NO_HISTORY;
    for (let second = 0; second < 20_000; second++) history = follow(history, at(10), second);
    expect(history.rates.length).toBeLessThanOrEqual(480);
    expect(history.rates.length * history.intervalSeconds).toBeGreaterThan(19_000);
    expect(new Set(history.rates)).toEqual(new Set([10]));
  });

  it('shows a pause as a gap, and not where it only looked seldom', () => {
    let history = follow(NO_HISTORY, at(10), 0);
    history = follow(history, at(12), 4);
    expect(history.rates).toEqual([10, 12, 12, 12, 12]);
    history = follow(history, { ...at(12), state: 'paused' }, 5);
    history = follow(history, at(8), 60);
    expect(history.rates.slice(5)).toEqual([null, ...new Array(54).fill(null), 8]);
  });

  it('is not disturbed by a clock that goes back', () => {
    const history = follow(follow(NO_HISTORY, at(10), 100), at(11), 50);
    expect(history.rates).toEqual([10]);
  });

  it('fits into columns by averages', () => {
    expect(ratesIn({ ...NO_HISTORY, rates: [1, 3, 5, 7, null, null] }, 3)).toEqual([2, 6, null]);
    expect(ratesIn({ ...NO_HISTORY, rates: [1, 3] }, 3)).toEqual([1, 3]);
  });
});

describe('drawChart', () => {
  it('draws from nothing, so that half is half as high', () => {
    expect(drawChart([4, 8, null, 0.1], 8, 1, LOOK)).toEqual(['▄█ ▁']);
    expect(drawChart([4, 8], 8, 2, LOOK)).toEqual([' █', '██']);
    expect(drawChart([], 0, 2, LOOK)).toEqual(['', '']);
    expect(drawChart([0, null], 0, 1, LOOK)).toEqual(['  ']);
  });
});

describe('the map of segments', () => {
  const segments = segmentsOf(1000, 100, 430);
  const text = (columns: number, rows = 1, list = segments) =>
    drawSegmentMap(segmentCells(list, 'running'), columns, rows, LOOK).map((line) =>
      line.map((part) => part.text).join(''),
    );

  it('fills its row, whether there are more segments or fewer than columns', () => {
    expect(text(10)).toEqual(['████▸·····']);
    expect(text(20)).toEqual(['████████▸▸··········']);
    expect(text(5)).toEqual(['██▸··']);
  });

  it('takes another row for many', () => {
    const rows = text(40, 4, segmentsOf(10_000, 100, 4300));
    expect(rows).toHaveLength(2);
    expect(new Set(rows.map((row) => row.length))).toEqual(new Set([40]));
  });

  it('lets what asks for attention show among many', () => {
    const retried = segments.map((segment) => (segment.index === 1 ? { ...segment, attempts: 2 } : segment));
    expect(text(5, 1, retried)).toEqual(['▚█▸··']);
  });

  it('tells reused segments and those that a failed job broke off', () => {
    const reused = segments.map((segment) => (segment.index < 2 ? { ...segment, reusedShare: 0.9 } : segment));
    expect(segmentCells(reused, 'failed').slice(0, 6)).toEqual([
      'reused',
      'reused',
      'done',
      'done',
      'failed',
      'planned',
    ]);
  });
});

describe('parseNvidia', () => {
  it('reads names with commas, and what is not known', () => {
    expect(parseNvidia('NVIDIA GeForce RTX 3060, 97, 4012, 12288\nGrid, vGPU, [N/A], 512, [N/A]\n')).toEqual([
      {
        name: 'NVIDIA GeForce RTX 3060',
        load: 0.97,
        memoryUsedBytes: 4012 * 2 ** 20,
        memoryTotalBytes: 12288 * 2 ** 20,
      },
      { name: 'Grid, vGPU', load: null, memoryUsedBytes: 512 * 2 ** 20, memoryTotalBytes: null },
    ]);
  });
});

describe('notification', () => {
  it('is made for the terminal, and is a bell elsewhere', () => {
    const words = safeText('a;b\x1b]0;x\x07.mkv is done');
    expect(notification(words, { TERM: 'xterm-kitty' })).toBe(
      '\x1b]99;;upreel: a,b\\x1b]0,x\\x07.mkv is done\x1b\\\x07',
    );
    expect(notification(words, { TERM_PROGRAM: 'iTerm.app' })).toMatch(/^\x1b\]9;upreel: a,b/);
    expect(notification(words, { TERM: 'rxvt-unicode' })).toMatch(/^\x1b\]777;notify;upreel;a,b/);
    expect(notification(words, { TERM: 'xterm-256color' })).toBe('\x07');
    expect(notification(words, { TERM_PROGRAM: 'iTerm.app', TMUX: '/tmp/x' })).toBe('\x07');
  });
});
