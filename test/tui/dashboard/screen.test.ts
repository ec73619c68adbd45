import { describe, expect, it } from 'vitest';
import type { MachineLoad } from '../../../src/tui/dashboard/machine.ts';
import { drawScreen } from '../../../src/tui/dashboard/screen.ts';
import { type DashboardState, initialDashboard, reduceDashboard } from '../../../src/tui/dashboard/ui-state.ts';
import { lineColumns } from '../../../src/tui/line.ts';
import { chooseLook } from '../../../src/tui/look.ts';
import { text } from '../../../src/tui/safe-text.ts';
import { queuedJob, runningJob } from '../../support/job-snapshots.ts';
import { HOSTILE_NAMES } from '../../support/task-events.ts';

const UTF8 = chooseLook({ LANG: 'C.UTF-8', TERM: 'xterm' }, 'linux');
const ASCII = chooseLook({ LANG: 'C', TERM: 'xterm' }, 'linux');
const NOW = new Date(2026, 10, 24, 9, 30);

const LOAD: MachineLoad = {
  cpuCores: 1.87,
  cores: 2,
  rssBytes: 812_000_000,
  memoryBytes: 8e9,
  gpus: [{ name: 'NVIDIA GeForce RTX 3060', load: 0.97, memoryUsedBytes: 4e9, memoryTotalBytes: 12e9 }],
};

describe('drawScreen', () => {
  const sizes = [
    [80, 24],
    [60, 16],
    [40, 10],
    [117, 30],
    [118, 30],
    [130, 35],
    [200, 60],
    [30, 5],
  ] as const;

  it.each(sizes)('fills %dx%d, and no row is wider, whatever is shown', (columns, rows) => {
    for (const look of [UTF8, ASCII]) {
      for (const state of everyKindOfState()) {
        const { lines, picture } = drawScreen(state, {
          ...{ columns, rows, look, now: NOW, load: LOAD, previewCaption: text`frame 1` },
        });
        expect(lines).toHaveLength(rows);
        for (const line of lines) expect(lineColumns(line), JSON.stringify(line)).toBeLessThanOrEqual(columns);
        if (picture !== null) {
          expect(picture.row + picture.rows).toBeLessThan(rows);
          expect(picture.column + picture.columns).toBeLessThanOrEqual(columns);
        }
      }
    }
  });

  it('says what is slowest, how much there is to come, and when it is done', () => {
    const screen = written(stateOf([runningJob('a')], 'a'), 130, 35);
    expect(screen).toMatch(/decode .* 7 % busy {2}could 176 frames\/s/);
    expect(screen).toMatch(/upscale .* 98 % busy {2}slowest 12\.6 frames\/s {2,}network {2}█+ 5\/5/);
    expect(screen).toMatch(/output {3}45\.0 MB of about 158 MB/);
    expect(screen).toMatch(/left {5}41 min 49 s/);
    expect(screen).toMatch(/finish {3}10:11/);
    expect(screen).toMatch(/segments 25 of 90 done {2}▸ 1 running/);
    expect(screen).toMatch(/cpu .* 1\.9 of 2 cores {3}memory 812 MB of 8\.0 GB/);
    expect(screen).toMatch(/gpu .* 97 % {3}memory 4\.0 GB of 12\.0 GB/);
  });

  it('gives a range of times where the pace is unsteady', () => {
    const job = runningJob('a');
    const unsteady = { ...job, progress: { ...job.progress!, secondsLeftRange: [7200, 12_600] as const } };
    const screen = written(stateOf([unsteady], 'a'), 80, 24);
    expect(screen).toMatch(/left {5}2 h to 3 h 30 min/);
    expect(screen).toMatch(/finish {3}11:30 to 13:00/);
  });

  it('says that it is calculating as long as nothing can be told', () => {
    const job = runningJob('a');
    const early = { ...job, progress: { ...job.progress!, secondsLeft: null, framesPerSecond: null } };
    expect(written(stateOf([early], 'a'), 80, 24)).toMatch(/left {5}calculating {2,}finish {3}calculating/);
  });

  it('tells why a job failed and what to do', () => {
    const error = { code: 'disk-full', message: 'No space left on the disk.', hint: 'Free some.', detail: '' } as const;
    const screen = written(stateOf([{ ...runningJob('a'), state: 'failed', error }], 'a'), 80, 24);
    expect(screen).toContain('✗ No space left on the disk.');
    expect(screen).toContain('Free some.');
    expect(screen).toContain('r resume');
  });

  it('keeps the selected job in sight in a long list', () => {
    const jobs = Array.from({ length: 50 }, (_, index) => queuedJob(`job-${index}`, { place: index + 1 }));
    const screen = written(stateOf(jobs, 'job-30'), 80, 24);
    expect(screen).toMatch(/▌· job-30\.mkv/);
    expect(screen).toMatch(/\d+ above, \d+ below/);
  });

  it('says what cancelling, removing and aborting cost before it is done', () => {
    const job = runningJob('a');
    const asked = (question: 'cancel' | 'remove', of = job) =>
      written(reduceDashboard(stateOf([of], 'a'), { type: 'mode', mode: { kind: 'ask', question, id: 'a' } }), 80, 24);
    // 25 segments of 480 frames are finished; 340 more frames, at 12.3 a second, are not.
    expect(asked('cancel')).toContain('28.5 % is done; 340 frames (28 s of work) of it would be made again.');
    expect(asked('remove')).toContain('28.5 % is done: 12,340 frames, 45.0 MB would be deleted.');
    expect(asked('remove', { ...job, state: 'done' })).toContain('Only from the list: the result stays.');
    expect(asked('cancel', runningJob('a', {}, 12_000))).toContain('no finished frame is lost');
    const leaving = reduceDashboard(stateOf([job], 'a'), { type: 'mode', mode: { kind: 'ask-leave' } });
    const words = (own: string) => written(leaving, 80, 24, [own]).replace(/\s+/g, ' ');
    expect(words('a')).toContain('Aborted now, 340 frames (28 s of work) of it would be made again.');
    expect(words('b')).toContain('Aborted now, no finished frame is lost.');
  });

  it('tells that it joins, verifies and publishes, and how long that takes', () => {
    const job = runningJob('a', {}, 43_200);
    const at = (stage: 'join' | 'verify' | 'publish', secondsLeft: number) =>
      written(stateOf([{ ...job, progress: { ...job.progress!, stage, secondsLeft } }], 'a'), 80, 24);
    expect(at('join', 75)).toMatch(/joining, 1 min 15 s *\n/);
    expect(at('join', 75)).toMatch(/─ ▸ joining {2}\/films\/a\.mkv ─/);
    expect(at('verify', 8)).toMatch(/verifying, 8 s +\n/);
    expect(at('publish', 0)).toMatch(/publishing, 0 s +\n/);
  });

  it('tells when this run began, and when the job was listed if that was before', () => {
    const minutesAgo = (minutes: number) => NOW.getTime() - minutes * 60_000;
    const [createdAtMs, begunAtMs] = [minutesAgo(3000), minutesAgo(5)];
    const screen = (changes: object) => written(stateOf([runningJob('a', changes)], 'a'), 100, 40);
    expect(screen({ createdAtMs, begunAtMs })).toMatch(/begun {4}5 min ago[\s\S]*listed {3}2 d 2 h ago/);
    expect(screen({ createdAtMs: begunAtMs, begunAtMs })).not.toContain('listed');
    expect(screen({ createdAtMs })).not.toContain('begun');
  });

  it('tells the size of a result as it was written, not of the segments it was made of', () => {
    const job = runningJob('a', {}, 43_200);
    const done = { ...job, state: 'done' as const, progress: { ...job.progress!, bytesWritten: 150_000_000 } };
    expect(written(stateOf([done], 'a'), 80, 24)).toMatch(/output {3}150 MB/);
  });

  it('wraps warnings and history, and counts what there is no room for', () => {
    const warning = `The ${'sound track of this film '.repeat(6)}is converted.`;
    const whole = (screen: string) => screen.replace(/\n +/g, ' ');
    expect(whole(written(stateOf([runningJob('a', { warnings: ['old', warning] })], 'a'), 80, 24))).toContain(warning);
    const many = Array.from({ length: 20 }, (_, index) => `warning ${index}`);
    expect(written(stateOf([runningJob('a', { warnings: many })], 'a'), 80, 24)).toMatch(
      /! warning 19\n {4}17 more before/,
    );
    const told = reduceDashboard(stateOf([runningJob('a')], 'a'), { type: 'log', id: 'a', lines: ['begun', warning] });
    expect(whole(written(reduceDashboard(told, { type: 'toggle', what: 'log' }), 80, 24))).toContain(warning);
  });

  it('writes the least and the most speed at the heights at which they are drawn', () => {
    let state = initialDashboard('a');
    for (const [atSeconds, rate] of [2, 8, 8, 8, 4, 4].entries()) {
      const job = runningJob('a');
      const jobs = [{ ...job, progress: { ...job.progress!, framesPerSecond: rate } }];
      state = reduceDashboard(state, { type: 'jobs', jobs, atSeconds });
    }
    const high = written(state, 100, 50).split('\n');
    const [most, least] = ['most 8.0 frames/s', 'least 2.0 frames/s'].map((words) => {
      return high.findIndex((row) => row.includes(words));
    });
    expect(high[most!]).toMatch(/speed +███ +most/);
    // A quarter as high: the topmost row in which its column is seen.
    expect(high[least!]).toMatch(/^ +██████ +least/);
    expect(high[least! - 1]).toMatch(/^ {12}█████/);
    expect(written(state, 80, 24)).toMatch(/2\.0-8\.0 frames\/s/);
  });

  it('shows the history unasked where there are rows for it', () => {
    const told = reduceDashboard(stateOf([runningJob('a')], 'a'), { type: 'log', id: 'a', lines: ['begun', 'going'] });
    expect(written(told, 80, 24)).not.toContain('history');
    expect(written(told, 200, 60)).toMatch(/─ history ─+\n {2}begun\n {2}going\n/);
    expect(written(reduceDashboard(told, { type: 'toggle', what: 'log' }), 80, 24)).toContain('  going');
  });
});

function stateOf(jobs: DashboardState['jobs'], selected: string): DashboardState {
  let state = initialDashboard(selected);
  for (let second = 0; second < 5; second++) state = reduceDashboard(state, { type: 'jobs', jobs, atSeconds: second });
  return state;
}

function written(state: DashboardState, columns: number, rows: number, ownJobs: readonly string[] = []): string {
  const options = { columns, rows, look: UTF8, now: NOW, load: LOAD, ownJobs, previewCaption: text`frame 1` };
  return drawScreen(state, options)
    .lines.map((line) => line.map((part) => part.text).join(''))
    .join('\n');
}

function everyKindOfState(): DashboardState[] {
  const hostile = HOSTILE_NAMES.map((input, index) =>
    runningJob(`h${index}`, { input, output: input, model: input, device: input, warnings: [input, input] }),
  );
  const error = {
    code: 'internal',
    message: HOSTILE_NAMES.join(' '),
    hint: HOSTILE_NAMES.join(' '),
    detail: '',
  } as const;
  const jobs = [
    runningJob('a'),
    queuedJob('q'),
    queuedJob('o', { state: 'resting', only: '22:00-07:00', place: null }),
    { ...runningJob('f'), state: 'failed' as const, error },
    { ...runningJob('p'), state: 'paused' as const },
    ...hostile,
  ];
  const base = stateOf(jobs, 'a');
  const at = (selected: string) => stateOf(jobs, selected);
  const mode = (state: DashboardState, mode: DashboardState['mode']) => reduceDashboard(state, { type: 'mode', mode });
  return [
    initialDashboard(null),
    ...['a', 'q', 'o', 'f', 'p', 'h0', 'h13', 'h14', 'h15'].map(at),
    mode(base, { kind: 'help' }),
    mode(base, { kind: 'ask', question: 'cancel', id: 'h13' }),
    mode(base, { kind: 'ask-leave' }),
    mode(reduceDashboard(base, { type: 'filter', filter: HOSTILE_NAMES[13]! }), { kind: 'filter' }),
    reduceDashboard(base, { type: 'toggle', what: 'preview' }),
    reduceDashboard(reduceDashboard(base, { type: 'toggle', what: 'log' }), {
      ...{ type: 'log', id: 'a', lines: HOSTILE_NAMES },
    }),
    reduceDashboard(base, { type: 'notice', words: HOSTILE_NAMES.join(), isBad: true, atSeconds: 5 }),
  ];
}
