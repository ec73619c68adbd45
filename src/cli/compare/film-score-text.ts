import type { FilmScore } from '../../eval/index.ts';
import { columns, decibels, escapeMarkdown, megabytes } from './evaluation-text.ts';

const HEADS = ['model', 'frames', 'PSNR', 'flicker', 's/MP', 'memory'];

/** Of `upreel eval` on films: a line for each model, and with `withEach` for each of its films. */
export function filmScoreTable(scores: readonly FilmScore[], withEach: boolean): string {
  return columns([HEADS.map((head) => head.toUpperCase()), ...rowsOf(scores, withEach, '  ')]);
}

/** The same in Markdown, whatever stands in names. */
export function filmScoreMarkdown(scores: readonly FilmScore[], withEach: boolean): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeMarkdown).join(' | ')} |`;
  const rule = `|${HEADS.map((_, index) => (index === 0 ? '---|' : '---:|')).join('')}`;
  return [line(HEADS), rule, ...rowsOf(scores, withEach, '— ').map(line)].join('\n');
}

/** Under the table: what a score without its protocol does not tell. */
export function filmProtocolText(scale: number): string {
  return `shrunk ${scale} times by bicubic; PSNR of RGB, mean of the frames; flicker where the shrunk film stands still, bicubic's is 1`;
}

function rowsOf(scores: readonly FilmScore[], withEach: boolean, indent: string): string[][] {
  return scores.flatMap(({ model, frames, psnr, flicker, secondsPerMegapixel, peakBytes, each }) => [
    [
      ...[model, String(frames), decibels(psnr), ratio(flicker)],
      ...[secondsPerMegapixel.toFixed(2), peakBytes === null ? '-' : megabytes(peakBytes)],
    ],
    ...(withEach
      ? each.map((one) => [`${indent}${one.film}`, String(one.frames), decibels(one.psnr), ratio(one.flicker), '', ''])
      : []),
  ]);
}

function ratio(value: number | null): string {
  return value === null ? '-' : value.toFixed(2);
}
