// biome-ignore-all lint/suspicious/noControlCharactersInRegex: control sequences are what these tests look for.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { JobSnapshot } from '../../../src/job/job-snapshot.ts';
import { queuedJob, runningJob } from '../../support/job-snapshots.ts';
import { HOSTILE_NAMES } from '../../support/task-events.ts';
import { type TerminalOptions, TestTerminal } from '../../support/terminal.ts';

vi.setConfig({ testTimeout: 300_000 });

const DRIVER = fileURLToPath(new URL('../../support/dashboard-driver.mjs', import.meta.url));
const SMALL = { columns: 80, rows: 24 };
const WIDE = { columns: 200, rows: 60 };

const JOBS: readonly JobSnapshot[] = [
  runningJob('a', { input: '/films/holiday.mp4' }),
  queuedJob('b', { input: '/films/bikes.mkv', place: 1 }),
  { ...runningJob('c', { input: '/films/street.mp4' }, 20_000), state: 'interrupted' },
];

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

/** @param then steps that the driver takes once `go` is called */
function open(
  script: object,
  options: TerminalOptions = SMALL,
  then: readonly object[] = [],
): { terminal: TestTerminal; acts: () => string[]; go: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'upreel-dashboard-'));
  const [path, actsFile] = [join(folder, 'script.json'), join(folder, 'acts')];
  const goFile = join(folder, 'go');
  writeFileSync(path, JSON.stringify({ jobs: JOBS, steps: [{ file: goFile }, ...then], ...script }));
  const env = { DASHBOARD_ACTS: actsFile, ...options.env };
  const terminal = new TestTerminal([DRIVER, path], { ...options, env });
  cleanUps.push(
    () => terminal.close(),
    () => rmSync(folder, { recursive: true, force: true }),
  );
  const acts = () => (existsSync(actsFile) ? readFileSync(actsFile, 'utf8').trimEnd().split('\n') : []);
  return { terminal, acts, go: () => writeFileSync(goFile, '') };
}

async function leave(terminal: TestTerminal, keys = 'q'): Promise<string> {
  terminal.press(keys);
  await terminal.untilExit();
  return terminal.everything().join('\n');
}

describe('the dashboard', () => {
  it('shows all jobs and the selected one at 80x24, and leaves the terminal as it was', async () => {
    const { terminal } = open({});
    await terminal.until((screen) => screen.includes('q leave'));
    const screen = terminal.screen();
    expect(screen[0]).toMatch(/^ upreel {3}▸ 1 running {3}· 1 queued {3}■ 1 interrupted {2,}by state {3}\d\d:\d\d$/);
    expect(screen[2]).toMatch(/^▌▸ holiday\.mp4 .* 28\.5 % {2}41 min left|42 min left$/);
    expect(screen[3]).toMatch(/^ · bikes\.mkv .* 0\.0 % {2}queued, 1st$/);
    expect(screen[4]).toMatch(/^ ■ street\.mp4 .* 46\.2 % {2}interrupted$/);
    expect(screen.join('\n')).toMatch(/frames {3}12,340 of 43,200/);
    expect(screen).toHaveLength(24);
    expect(terminal.cursor().isVisible).toBe(false);
    const after = await leave(terminal);
    expect(after).toBe('dashboard: left');
    expect(terminal.cursor().isVisible).toBe(true);
    expect(terminal.output).toContain('\x1b[?7h');
  });

  it('puts the list beside the job at 200x60, and both in the other order when it becomes narrow', async () => {
    const { terminal } = open({ log: ['the beginning', 'the end'] }, WIDE);
    await terminal.until((screen) => screen.includes('the end'));
    expect(terminal.screen()[2]).toMatch(/holiday\.mp4 .*│ ─ ▸ running {2}\/films\/holiday\.mp4 ─+$/);
    await terminal.untilResized(80, 24, (screen) => /^─ ▸ running/m.test(screen) && screen.includes('q leave'));
    expect(terminal.screen().filter((row) => row.includes('bikes.mkv'))).toHaveLength(1);
    const isWide = (screen: string) => screen.includes('│ ─ ▸ running') && screen.includes('the end');
    await terminal.untilResized(200, 60, (screen) => isWide(screen) && /q leave[^\n]*$/.test(screen));
  });

  it('keeps the bottom row and the list through many sizes', async () => {
    const { terminal } = open({ liveMs: 100 });
    for (const [columns, rows] of [
      [132, 43],
      [70, 20],
      [45, 12],
      [30, 6],
      [120, 30],
    ] as const) {
      await terminal.untilResized(columns, rows, (screen) => {
        const lines = screen.split('\n');
        return screen.includes('holiday') && (lines[rows - 1] ?? '').includes('leave');
      });
    }
  });

  it('draws rows that changed only, never clears what stands, at most ten times a second', async () => {
    const { terminal } = open({ liveMs: 50 });
    await terminal.until((screen) => screen.includes('q leave') && /speed {4}\S/.test(screen));
    const [begin, beginMs] = [terminal.output.length, performance.now()];
    const drawnSince = () => terminal.output.slice(begin);
    const updatesOf = (drawn: string) => drawn.split('\x1b[?2026h').length - 1;
    await sleep(2000);
    await terminal.until(() => updatesOf(drawnSince()) > 1);
    const [drawn, seconds] = [drawnSince(), (performance.now() - beginMs) / 1000];
    // And what was drawn before, but came late.
    expect(updatesOf(drawn)).toBeLessThanOrEqual(Math.ceil(seconds * 10) + 1);
    expect(drawn).not.toContain('\x1b[2J');
    expect(drawn).not.toContain('bikes.mkv');
  });

  it('draws nothing while nothing changes', async () => {
    const { terminal } = open({});
    await terminal.until((screen) => screen.includes('q leave'));
    // News would be drawn twice a second; the clock of the header moves once a minute.
    await terminal.untilStill(2500);
  });

  it('acts on the selected job', async () => {
    const { terminal, acts } = open({});
    await terminal.until((screen) => screen.includes('q leave'));
    terminal.press('p');
    await terminal.until((screen) => screen.includes('‖ paused') && screen.includes('p go on'));
    terminal.press('p');
    await terminal.until((screen) => screen.includes('p pause'));
    terminal.press('d');
    await terminal.until((screen) => screen.includes('draining'));
    expect(acts()).toEqual(['a pause', 'a resume', 'a drain']);
    terminal.press('j');
    await terminal.until((screen) => screen.includes('▌· bikes.mkv'));
    terminal.press('+');
    await terminal.until((screen) => screen.includes('Moved up.'));
    terminal.press('\x1b[B');
    await terminal.until((screen) => screen.includes('▌■ street.mp4'));
    terminal.press('r');
    await terminal.until((screen) => screen.includes('▸ running  /films/street.mp4'));
    expect(acts().slice(3)).toEqual(['b move-up', 'c resume']);
  });

  it('asks before it cancels, and says what a job cannot do', async () => {
    const { terminal, acts } = open({});
    await terminal.until((screen) => screen.includes('q leave'));
    terminal.press('x');
    await terminal.until((screen) => /Cancel holiday\S*\? It can be resumed\. {3}y yes {2}n no/.test(screen));
    terminal.press('n');
    await terminal.until((screen) => screen.includes('q leave'));
    expect(acts()).toEqual([]);
    terminal.press('x');
    await terminal.until((screen) => screen.includes('y yes'));
    terminal.press('y');
    await terminal.until((screen) => screen.includes('Cancelled; r resumes it.'));
    expect(acts()).toEqual(['a cancel']);
    terminal.press('p');
    await terminal.until((screen) => screen.includes('The job is cancelled: r takes it up again.'));
    expect(acts()).toEqual(['a cancel']);
  });

  it('shows why something was refused, and goes on', async () => {
    const { terminal } = open({ refuse: 'The supervisor\x1b]0;OWNED\x07 does not answer.' });
    await terminal.until((screen) => screen.includes('q leave'));
    terminal.press('p');
    await terminal.until((screen) => screen.includes('does not answer'));
    terminal.press('j');
    await terminal.until((screen) => screen.includes('▌· bikes.mkv'));
    expect(terminal.titles).toEqual([]);
  });

  it('filters by what is typed, and sorts', async () => {
    const { terminal } = open({});
    await terminal.until((screen) => screen.includes('q leave'));
    terminal.press('/');
    await terminal.until((screen) => screen.includes('filter:'));
    for (const letter of 'queued') terminal.press(letter);
    await terminal.until((screen) => screen.includes('▌· bikes.mkv') && !screen.includes('street.mp4'));
    terminal.press('\r');
    await terminal.until((screen) => screen.includes('only queued') && screen.includes('q leave'));
    terminal.press('\x1b');
    await terminal.until((screen) => screen.includes('street.mp4'));
    terminal.press('s');
    await terminal.until((screen) => /by name/.test(screen));
    const order = terminal
      .screen()
      .slice(2, 5)
      .map((row) => /\w+\.m\w+/.exec(row)?.[0]);
    expect(order).toEqual(['bikes.mkv', 'holiday.mp4', 'street.mp4']);
  });

  it('Ctrl-C closes a view that started nothing', async () => {
    const { terminal, acts } = open({});
    await terminal.until((screen) => screen.includes('q leave'));
    expect(await leave(terminal, '\x03')).toBe('dashboard: left');
    expect(acts()).toEqual([]);
  });

  it('Ctrl-C asks where jobs were started: leave, drain or abort', async () => {
    const { terminal, acts } = open({ ownJobs: ['a', 'b'] });
    await terminal.until((screen) => screen.includes('q leave'));
    // Typed so fast that both come as one.
    terminal.press('j\x03');
    await terminal.until((screen) => screen.includes('Stop the jobs of this terminal?') && screen.includes('a abort'));
    terminal.press('\x1b');
    await terminal.until((screen) => screen.includes('q leave'));
    terminal.press('\x03');
    await terminal.until((screen) => screen.includes('a abort'));
    expect(await leave(terminal, 'a')).toBe('dashboard: aborted');
    expect(acts().sort()).toEqual(['a cancel', 'b cancel']);
  });

  it('stays while its jobs drain, and ends with them', async () => {
    const then = [{ change: { id: 'a', state: 'interrupted' } }];
    const { terminal, acts, go } = open({ ownJobs: ['a'] }, SMALL, then);
    await terminal.until((screen) => screen.includes('q leave'));
    terminal.press('\x03');
    await terminal.until((screen) => screen.includes('d drain: end after the segment'));
    terminal.press('d');
    await terminal.until((screen) => screen.includes('draining'));
    go();
    await terminal.untilExit();
    expect(terminal.everything().join('\n')).toBe('dashboard: drained');
    expect(acts()).toEqual(['a drain']);
  });

  it('ends when the jobs of its terminal are done, and rings', async () => {
    const options = { ...SMALL, env: { TERM_PROGRAM: 'WezTerm' } };
    const { terminal, go } = open({ ownJobs: ['a'] }, options, [{ change: { id: 'a', state: 'done' } }]);
    await terminal.until((screen) => screen.includes('q leave'));
    go();
    await terminal.untilExit();
    expect(terminal.everything().join('\n')).toBe('dashboard: ended');
    expect(terminal.output).toContain('\x1b]9;upreel: /films/holiday.upreel-4x.mkv is done\x1b\\\x07');
  });

  it('does not ring where it is asked not to', async () => {
    const then = [{ change: { id: 'a', state: 'done' } }];
    const { terminal, go } = open({ ownJobs: ['a'], bell: false }, SMALL, then);
    await terminal.until((screen) => screen.includes('q leave'));
    go();
    await terminal.untilExit();
    expect(terminal.output).not.toContain('\x07');
  });

  it('goes on when the selected job vanishes, its history cannot be read, and the clock jumps back', async () => {
    const then = [{ clock: -86_400_000 }, { waitMs: 200 }, { remove: 'a' }];
    const { terminal, go } = open({ liveMs: 200 }, SMALL, then);
    await terminal.until((screen) => screen.includes('▌▸ holiday.mp4'));
    terminal.press('l');
    await terminal.until((screen) => screen.includes('empty'));
    go();
    await terminal.until((screen) => !screen.includes('holiday') && screen.includes('▌· bikes.mkv'));
    await sleep(1500);
    terminal.press('j');
    await terminal.until((screen) => screen.includes('▌■ street.mp4'));
    expect(await leave(terminal)).toBe('dashboard: left');
  });

  it('gives the terminal back when the program crashes, and shows what happened', async () => {
    const { terminal, go } = open({}, SMALL, [{ crash: true }]);
    await terminal.until((screen) => screen.includes('q leave'));
    go();
    await terminal.untilExit();
    expect(terminal.everything().join('\n')).toContain('crash on purpose');
    expect(terminal.everything().join('\n')).not.toContain('holiday.mp4');
    expect(terminal.cursor().isVisible).toBe(true);
  });

  it('gives the terminal back when it is terminated', async () => {
    const { terminal } = open({});
    await terminal.until((screen) => screen.includes('q leave'));
    terminal.kill('SIGTERM');
    await terminal.untilExit();
    expect(terminal.everything().join('\n')).not.toContain('holiday.mp4');
    expect(terminal.output.lastIndexOf('\x1b[?1049l')).toBeGreaterThan(0);
  });

  it('shows the newest frame before and after, with a wipe and a zoom', async () => {
    const preview = { frame: 99, width: 16, height: 12, scale: 4 };
    const { terminal } = open({ preview }, { ...SMALL, env: { COLORTERM: 'truecolor' } });
    await terminal.until((screen) => screen.includes('q leave'));
    terminal.press('v');
    await terminal.until((screen) => screen.includes('frame 100, 16x12 → 64x48') && screen.includes('▀▀▀▀▀▀▀▀'));
    expect(terminal.output).toMatch(/\x1b\[38;2;\d+;\d+;128;48;2;\d+;\d+;128m▀/);
    terminal.press('z');
    await terminal.until((screen) => screen.includes('2 times') && screen.includes('arrows move'));
    const begin = terminal.output.length;
    terminal.press(']');
    await terminal.until(() => terminal.output.slice(begin).includes('▀'));
    terminal.press('v');
    await terminal.until((screen) => !screen.includes('▀') && screen.includes('frames'));
  });

  it('draws the preview in letters where there are no colours', async () => {
    const preview = { frame: 99, width: 16, height: 12, scale: 4 };
    const { terminal } = open({ preview }, { ...SMALL, env: { NO_COLOR: '1', LANG: 'C' } });
    await terminal.until((screen) => screen.includes('q leave'));
    terminal.press('v');
    await terminal.until((screen) => screen.includes('frame 100') && /[.:=+*#%@-]{20}/.test(screen));
    expect(terminal.output).not.toMatch(/[^\x00-\x7f]/);
    expect(terminal.output).not.toMatch(/\x1b\[[\d;]*[1-9][\d;]*m/);
  });

  it('lets no name, warning, error or line of history obey the terminal', async () => {
    const jobs = HOSTILE_NAMES.map((name, index) =>
      runningJob(`j${index}`, {
        ...{ input: name, output: name, model: name, device: name, warnings: [name] },
        ...(index % 3 === 0
          ? { state: 'failed' as const, error: { code: 'internal' as const, message: name, hint: name, detail: name } }
          : {}),
      }),
    );
    for (const size of [SMALL, WIDE]) {
      const { terminal } = open({ jobs, log: HOSTILE_NAMES, refuse: HOSTILE_NAMES.join(' ') }, size);
      await terminal.until((screen) => screen.includes('q leave'));
      terminal.press('l');
      for (let index = 0; index < jobs.length; index++) {
        terminal.press(index % 4 === 0 ? 'p' : 'j');
        await sleep(120);
      }
      terminal.press('/');
      terminal.press('title');
      await terminal.until((screen) => screen.includes('filter: title'));
      expect(terminal.titles).toEqual([]);
      expect(terminal.clipboard).toEqual([]);
      expect(terminal.screen()[0]).toMatch(/^ upreel /);
      expect(terminal.screen().at(-1)).toContain('filter: title');
      expect(terminal.output).not.toMatch(/[\u0080-\u009f\u202a-\u202e\u2066-\u2069]/);
    }
  });
});
