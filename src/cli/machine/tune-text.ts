import { isSameLayout, type Layout, type LayoutTrial } from '../../core/upscaler/layout.ts';
import type { StoredLayouts, Tuning } from '../../engine/index.ts';
import { alignColumns } from '../table.ts';

/** The layouts that were tried, fastest first, and what is taken from now on. */
export function tuningText({ measured, stored }: Tuning): string {
  const { trials, left, usual, chosen } = measured;
  const base = trials.find((trial) => isSameLayout(trial, usual.frames))?.pixelsPerSecond ?? null;
  const rows = [...trials]
    .sort((a, b) => (b.pixelsPerSecond ?? 0) - (a.pixelsPerSecond ?? 0))
    .map((trial) => [
      ...[`${trial.sessions}`, `${trial.threadsPerSession}`, trial.spinning ? 'yes' : 'no', `${trial.tilePx}`],
      ...speedCells(trial, base),
      marksOf(trial, {
        frames: chosen.frames,
        stills: chosen.stills,
        usual: usual.frames,
        'usual, stills': usual.stills,
      }),
    ]);
  const head = ['sessions', 'threads', 'spinning', 'tile', 'kpx/s', 'of usual', 'taken for'];
  return [
    `${stored.model} on ${stored.device}, ${stored.cores} cores: source pixels a second, halos not counted`,
    alignColumns([head, ...rows], { indent: '  ', right: new Set([0, 1, 3, 4, 5]) }),
    ...(left.length === 0 ? [] : [`No time for ${leftText(left)}: give more by --seconds.`]),
    `Taken from now on: ${layoutsText(stored)}`,
  ].join('\n');
}

/** For tables and doctor: "frames 2 x 1 threads, tile 128 (1.04 times as fast as without); pictures ...". */
export function layoutsText({ frames, stills, gain }: StoredLayouts): string {
  const one = (name: string, layout: Layout, times: number): string =>
    `${name} ${layoutText(layout)}${times > 1 ? ` (${times.toFixed(2)} times as fast as without)` : ', as without'}`;
  return `${one('frames', frames, gain.frames)}; ${one('pictures', stills, gain.stills)}`;
}

/** "1 x 2 threads with tiles of 256 and 384, 2 x 1 threads with tiles of 384". */
function leftText(left: readonly Layout[]): string {
  const splits = [...new Set(left.map(splitText))];
  return splits
    .map((split) => {
      const tiles = left.filter((layout) => splitText(layout) === split).map(({ tilePx }) => tilePx);
      return `${split} with tiles of ${tiles.join(', ').replace(/, (\d+)$/, ' and $1')} px`;
    })
    .join('; ');
}

function splitText({ sessions, threadsPerSession, spinning }: Layout): string {
  const threads = `${sessions} x ${threadsPerSession} ${sessions * threadsPerSession === 1 ? 'thread' : 'threads'}`;
  return `${threads}${spinning ? '' : ' that do not spin'}`;
}

function layoutText(layout: Layout): string {
  return `${splitText(layout)}, tile ${layout.tilePx}`;
}

function speedCells({ pixelsPerSecond }: LayoutTrial, base: number | null): string[] {
  if (pixelsPerSecond === null) return ['no memory', ''];
  const share = base === null ? '' : `${((100 * pixelsPerSecond) / base).toFixed(0)} %`;
  return [(pixelsPerSecond / 1000).toFixed(pixelsPerSecond < 1e5 ? 1 : 0), share];
}

function marksOf(trial: LayoutTrial, marks: Readonly<Record<string, Layout>>): string {
  return Object.entries(marks)
    .filter(([, layout]) => isSameLayout(layout, trial))
    .map(([name]) => name)
    .join(', ');
}
