// biome-ignore-all lint/suspicious/noControlCharactersInRegex: control sequences are what these tests look for.
import { afterEach, describe, expect, it } from 'vitest';
import type { TaskEvent } from '../../src/core/events.ts';
import { DRIVER, type Script, type Step, writeScript } from '../support/report-script.ts';
import {
  HOSTILE_NAMES,
  imageStarted,
  progressAt,
  taskDone,
  taskFailed,
  videoStarted,
  warningOf,
} from '../support/task-events.ts';
import { type TerminalOptions, TestTerminal } from '../support/terminal.ts';

const SMALL = { columns: 80, rows: 24 };
const WIDE = { columns: 120, rows: 40 };

const video = videoStarted();
const running: readonly Step[] = [{ event: video }, { event: progressAt(video, 12_340) }];

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

function play(script: Script, options: TerminalOptions): TestTerminal {
  const { path, remove } = writeScript(script);
  const terminal = new TestTerminal([DRIVER, path, 'view'], options);
  cleanUps.push(() => terminal.close(), remove);
  return terminal;
}

function occurrences(lines: readonly string[], part: string): number {
  return lines.filter((line) => line.includes(part)).length;
}

describe('the view', () => {
  it('shows a running video at 80x24', async () => {
    const terminal = play({ steps: [...running, { hang: true }], inputsTotal: 5, keys: true }, SMALL);
    await terminal.until((screen) => screen.includes('28.5 %'));
    const [finish] =
      terminal
        .screen()
        .join('\n')
        .match(/finish {5}(?:\w{3} )?\d\d:\d\d/) ?? [];
    expect(terminal.screen().slice(0, 14)).toEqual([
      '▸ 1 of 5  holiday 1998.mp4',
      '  realesr-animevideov3-x4 on webgpu, 320x240 → 1280x960',
      '  to holiday 1998.upreel-4x.mkv',
      '  ✓ prepare   ▸ upscale   · join   · verify   · publish',
      '',
      `  ${'█'.repeat(19)}${'░'.repeat(48)}    28.5 %`,
      '',
      '  frames     12,340 of 43,200           speed      12.3 frames/s',
      `  time left  41 min 49 s                ${finish}`,
      '  elapsed    16 min 43 s                written    45.0 MB',
      '  memory     812 MB',
      '  decode 7 % 176/s   upscale 98 % 12.6/s slowest   encode 15 % 82.0/s',
      '',
      '  q or Ctrl-C stops',
    ]);
    expect(terminal.cursor().isVisible).toBe(false);
  });

  it('fills 120x40 with a longer bar and more facts in a row', async () => {
    const terminal = play({ steps: [...running, { hang: true }] }, WIDE);
    await terminal.until((screen) => screen.includes('28.5 %'));
    const screen = terminal.screen();
    expect(screen[5]).toMatch(/^ {2}█{30,31}[▎▌▊]?░{76,77} {4}28\.5 %$/);
    expect(screen[7]).toMatch(/^ {2}frames .* speed .* time left /);
  });

  it('gives up what matters least on a low terminal, never the bar', async () => {
    const terminal = play({ steps: [...running, { hang: true }] }, { columns: 80, rows: 6 });
    await terminal.until((screen) => screen.includes('28.5 %'));
    const screen = terminal.screen();
    expect(screen[0]).toBe('▸ holiday 1998.mp4');
    expect(screen[1]).toContain('28.5 %');
    expect(terminal.everything().length).toBeLessThanOrEqual(6);
  });

  it('follows every resize and leaves no remains above', async () => {
    const steps: Step[] = [{ event: warningOf('a first row') }, ...running];
    const terminal = play({ steps: [...steps, { hang: true }] }, WIDE);
    await terminal.until((screen) => screen.includes('28.5 %'));
    for (const [columns, rows] of [
      [80, 24],
      [120, 40],
      [60, 30],
      [200, 60],
      [80, 24],
    ] as const) {
      await terminal.untilQuiet();
      terminal.resize(columns, rows);
      const bar = `${'░'.repeat(columns >= 80 ? 40 : 20)}`;
      await terminal.until((screen) =>
        screen.split('\n').some((line) => line.includes(bar) && line.length === columns - 1),
      );
      // A slow machine draws the new size in steps.
      await terminal.until(() => occurrences(terminal.everything(), '/s slowest') === 1);
      await terminal.until(() => occurrences(terminal.everything(), 'a first row') === 1);
      const all = terminal.everything();
      expect(occurrences(all, 'a first row')).toBe(1);
      expect(occurrences(all, 'holiday 1998.mp4')).toBe(1);
      expect(occurrences(all, '28.5 %')).toBe(1);
      expect(occurrences(all, 'frames     12,340')).toBe(1);
      expect(occurrences(all, '/s slowest')).toBe(1);
    }
  });

  it('redraws all of itself when the terminal becomes lower than it was high', async () => {
    const terminal = play({ steps: [...running, { hang: true }] }, { columns: 60, rows: 20 });
    await terminal.until((screen) => screen.includes('28.5 %'));
    terminal.resize(80, 9);
    await terminal.until((screen) => /^▸ holiday 1998.mp4\n[\s\S]*28\.5 %/.test(screen));
    expect(occurrences(terminal.screen(), '28.5 %')).toBe(1);
    // Neither the screen nor the scroll-back, which are the person's, is cleared.
    expect(terminal.output).not.toMatch(/\x1b\[[23]J/);
  });

  it('keeps finished, failed and warned rows above, each once, and sums up', async () => {
    const flower = imageStarted();
    const steps: Step[] = [
      {
        event: {
          type: 'pull',
          model: 'realesr-general-x4v3',
          bytesDone: 1_000_000,
          bytesTotal: 4_885_111,
          from: 'example.org',
        },
      },
      { waitMs: 500 },
      {
        event: {
          type: 'pull',
          model: 'realesr-general-x4v3',
          bytesDone: 4_885_111,
          bytesTotal: 4_885_111,
          from: 'example.org',
        },
      },
      { event: flower },
      { event: progressAt(flower, 0, { tilesDone: 17, outputPixelsDone: 4_456_448 }) },
      { waitMs: 500 },
      { event: taskDone(flower, { seconds: 12.2, bytes: 14_200_000 }) },
      { event: taskFailed('broken.mp4') },
      ...running,
      { event: warningOf('The source has no colour tags: BT.709 is assumed.') },
      { event: warningOf('The source has no colour tags: BT.709 is assumed.') },
      { waitMs: 500 },
      { event: taskDone(video) },
      { exit: 9, error: { code: 'some-failed', message: '1 of 3 inputs failed.', hint: '', detail: '' } },
    ];
    const terminal = play({ steps, inputsTotal: 3 }, SMALL);
    await terminal.untilExit();
    for (const passing of ['fetching model realesr-general-x4v3 from example.org', '17 of 48', '4.5 of 12.6 MP']) {
      expect(terminal.output).toContain(passing);
    }
    expect(terminal.everything()).toEqual([
      '✓ fetched model realesr-general-x4v3, 4.9 MB',
      '✓ flower.upreel-4x.png: done in 12 s, 14.2 MB',
      '✗ broken.mp4',
      '  broken.mp4 ends in the middle of a frame.',
      '  Copy it again from where it came from.',
      '! The source has no colour tags: BT.709 is assumed.',
      '✓ holiday 1998.upreel-4x.mkv: 43,200 frames in 58 min 32 s, 158 MB',
      '■ 3 inputs: 2 done, 1 failed',
      'upreel: 1 of 3 inputs failed.',
    ]);
    expect(terminal.exit?.exitCode).toBe(9);
    expect(terminal.cursor()).toEqual({ row: 9, column: 0, isVisible: true });
  });

  it('draws a batch of small pictures ten times a second at most, every row once and in order', async () => {
    const steps: Step[] = Array.from({ length: 150 }, (_, index) => {
      const picture = imageStarted({ input: `picture-${index}.png`, output: `picture-${index}-4x.png` });
      return [
        { event: picture },
        { waitMs: 10 },
        { event: taskDone(picture, { seconds: 0.01, bytes: 1000 }) },
      ] as Step[];
    }).flat();
    const terminal = play({ steps: [...steps, { exit: 0 }], inputsTotal: 150 }, SMALL);
    const start = performance.now();
    await terminal.untilExit();
    const seconds = (performance.now() - start) / 1000;
    const draws = terminal.output.split('\x1b[?2026h').length - 1;
    expect(draws).toBeLessThanOrEqual(Math.ceil(seconds * 10) + 2);
    const rows = terminal.everything().filter((line) => line.startsWith('✓ picture'));
    expect(rows).toEqual(Array.from({ length: 150 }, (_, index) => `✓ picture-${index}-4x.png: done in 0.0 s, 1.0 kB`));
    expect(terminal.everything().at(-1)).toBe('✓ 150 inputs: 150 done, 0 failed');
  });

  it('writes only the lines that changed', async () => {
    const steps: Step[] = [
      ...running,
      { waitMs: 400 },
      { event: progressAt(video, 12_340, { rssBytes: 900_000_000 }) },
    ];
    const terminal = play({ steps: [...steps, { hang: true }] }, SMALL);
    await terminal.until((screen) => screen.includes('900 MB'));
    const lastDraw = terminal.output.split('\x1b[?2026h').at(-1) ?? '';
    expect(lastDraw).toContain('900 MB');
    expect(lastDraw).not.toContain('holiday');
    expect(lastDraw).not.toContain('\x1b[2J');
  });
});

describe('the end of the view', () => {
  it('reads q and Ctrl-C, says that it is stopping, and leaves the last state readable', async () => {
    const terminal = play({ steps: [...running, { hang: true }], keys: true }, SMALL);
    await terminal.until((screen) => screen.includes('q or Ctrl-C stops') && screen.includes('28.5 %'));
    terminal.press('q');
    await terminal.until((screen) => screen.includes('Stopping. Press Ctrl-C again'));
    terminal.press('\x03');
    await terminal.untilExit();
    expect(terminal.exit?.exitCode).toBe(130);
    const all = terminal.everything();
    expect(all[0]).toBe('■ holiday 1998.mp4');
    expect(occurrences(all, '28.5 %')).toBe(1);
    expect(occurrences(all, 'time left')).toBe(0);
    expect(all.slice(-2)).toEqual(['upreel: Interrupted.', '  Run it again to go on.']);
    expect(terminal.cursor()).toMatchObject({ column: 0, isVisible: true });
  });

  it('leaves Ctrl-C a signal when nobody asks for keys', async () => {
    const terminal = play({ steps: [...running, { hang: true }] }, SMALL);
    await terminal.until((screen) => screen.includes('28.5 %'));
    terminal.press('\x03');
    await terminal.untilExit();
    expect(terminal.exit?.signal).toBe(2);
    expect(occurrences(terminal.everything(), '28.5 %')).toBe(1);
    expect(terminal.cursor().isVisible).toBe(true);
  });

  it('gives cursor and keyboard back when the program crashes', async () => {
    const terminal = play({ steps: [...running, { waitMs: 500 }, { crash: true }, { hang: true }], keys: true }, SMALL);
    await terminal.untilExit();
    expect(terminal.exit?.exitCode).toBe(1);
    expect(terminal.cursor().isVisible).toBe(true);
    const all = terminal.everything();
    expect(occurrences(all, '28.5 %')).toBe(1);
    expect(all.join('\n')).toContain('crash on purpose');
  });

  it('gives the cursor back when it is terminated', async () => {
    const terminal = play({ steps: [...running, { hang: true }], keys: true }, SMALL);
    await terminal.until((screen) => screen.includes('28.5 %'));
    terminal.kill('SIGTERM');
    await terminal.untilExit();
    expect(terminal.exit?.signal).toBe(15);
    expect(terminal.cursor().isVisible).toBe(true);
  });
});

describe('the look of the view', () => {
  const mixed: readonly Step[] = [
    { event: taskFailed('broken.mp4') },
    { event: warningOf('a warning') },
    ...running,
    { waitMs: 500 },
    { exit: 9 },
  ];

  it('colours with NO_COLOR unset, and then never by colour alone', async () => {
    const terminal = play({ steps: mixed }, SMALL);
    await terminal.untilExit();
    expect(terminal.output).toMatch(/\x1b\[31m/);
    expect(terminal.output).toContain('✗');
  });

  it('has no styles at all with NO_COLOR', async () => {
    const terminal = play({ steps: mixed }, { ...SMALL, env: { NO_COLOR: '1' } });
    await terminal.untilExit();
    expect(terminal.output).not.toMatch(/\x1b\[[\d;]*m/);
    expect(terminal.everything()).toContain('✗ broken.mp4');
  });

  it('writes plain ASCII where the locale is not UTF-8', async () => {
    const strange: readonly TaskEvent[] = [taskFailed('Mädchen\u009b31m.mp4'), videoStarted({ input: '全角.mp4' })];
    const steps: Step[] = [
      ...strange.map((event) => ({ event })),
      { event: progressAt(video, 12_340) },
      { waitMs: 500 },
      { exit: 9 },
    ];
    const terminal = play({ steps }, { ...SMALL, env: { LANG: 'C' } });
    await terminal.untilExit();
    expect(terminal.output).toMatch(/^[\x00-\x7e]*$/);
    const all = terminal.everything();
    expect(all).toContain('x M?dchen\\x9b31m.mp4');
    expect(all).toContain('= ??.mp4');
    expect(all.join('\n')).toContain('#####-----');
  });

  it('lets no name, message or source set the title or the clipboard, move the cursor or break a row', async () => {
    const events = HOSTILE_NAMES.flatMap((name): TaskEvent[] => {
      const hostile = videoStarted({ input: name, output: name, model: name, device: name });
      return [
        { type: 'pull', model: name, from: name, bytesDone: 1, bytesTotal: 2 },
        hostile,
        progressAt(hostile, 100),
        warningOf(name),
        { type: 'failed', input: name, error: { code: 'internal', message: name, hint: name, detail: name } },
        hostile,
        taskDone(hostile),
      ];
    });
    const steps = events.flatMap((event): Step[] => [{ event }, { waitMs: 25 }]);
    const terminal = play({ steps: [{ event: warningOf('the first row') }, ...steps, { exit: 0 }] }, SMALL);
    await terminal.untilExit();
    expect(terminal.titles).toEqual([]);
    expect(terminal.clipboard).toEqual([]);
    expect(terminal.everything()[0]).toBe('! the first row');
    // Besides the view's own few sequences nothing but text came out.
    const rest = terminal.output
      .replaceAll(/\x1b\[(?:\?2026[hl]|\?25[hl]|2?K|J|\d+A|[\d;]*m)/g, '')
      .replaceAll('\r\n', '');
    expect(rest.match(/[\x00-\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b-\u200f]/g)).toBeNull();
    // A row that came out wider than reckoned would have wrapped and pushed its end into a row of its own.
    const finished = terminal.everything().filter((line) => line.startsWith('✓'));
    expect(finished.length).toBe(HOSTILE_NAMES.length);
    for (const line of finished) expect(line).toMatch(/: 43,200 frames in 58 min 32 s, 158 MB$/);
  });
});
