import type { FileComparison, FilmComparison, LumaRounding, Score } from '../../eval/index.ts';
import type { PictureNumbers, Scene } from '../../page/index.ts';
import { alignColumns } from '../table.ts';

/** What `upreel compare` says. */
export function comparisonText(comparison: Omit<FileComparison, 'notes'>, border: number): string {
  const { psnr, psnrY, ssimY, niqe, maxDifference, alpha, pages, worstPage } = comparison;
  return [
    `PSNR ${decibels(psnr)}, PSNR-Y ${decibels(psnrY)}, SSIM-Y ${similarity(ssimY)},`,
    `largest difference ${levels(maxDifference)} of 255`,
    ...(niqe.includes(null) ? [] : [`NIQE of each ${niqe.map(naturalness).join(', ')}: ${LOWER}`]),
    ...(alpha === null
      ? []
      : [`transparency: PSNR ${decibels(alpha.psnr)}, largest difference ${levels(alpha.maxDifference)} of 255`]),
    ...(pages === 1 ? [] : [`${pages} pages${worstPage === null ? '' : `, farthest apart on page ${worstPage}`}`]),
    border === 0 ? 'no border left out' : `border of ${border} px left out on each side`,
    ...tooSmall(ssimY === null, niqe.includes(null)),
  ].join('\n');
}

/** What it says of several pictures of one thing: a line for each that was measured. */
export function sceneText({ pictures, base, width, height }: Scene, border: number): string {
  const rows = pictures.flatMap(({ name, numbers, niqe }) =>
    numbers === null
      ? []
      : [
          [
            name,
            decibels(numbers.psnr),
            decibels(numbers.psnrY),
            similarity(numbers.ssimY),
            levels(numbers.maxDifference),
            naturalness(niqe ?? null),
          ],
        ],
  );
  const left = border === 0 ? '' : `, border of ${border} px left out on each side`;
  return [
    `against ${pictures[base ?? 0]!.name}, ${width}x${height}${left}`,
    columns([['', 'PSNR', 'PSNR-Y', 'SSIM-Y', 'LARGEST', 'NIQE'], ...rows]),
    ...naturalnessOf(pictures[base ?? 0]!.name, pictures[base ?? 0]!.niqe ?? null),
    ...tooSmall(
      pictures.some(({ numbers }) => numbers?.ssimY === null),
      pictures.some(({ niqe }) => niqe === null),
    ),
  ].join('\n');
}

/** What it says of two films: their mean, their worst frames, how much the result flickers. */
export function filmText(names: readonly [string, string], { size, measures, source }: FilmComparison): string {
  const { psnr, seconds, flicker } = measures;
  const told = psnr.flatMap((value, number) => (value === null ? [] : [{ value, number }]));
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const worst = [...told].sort((one, other) => one.value - other.value).slice(0, 3);
  const equal = psnr.length - told.length;
  return [
    `${psnr.length} frames, ${size.width}x${size.height}${equal === 0 ? '' : `, ${equal} of them equal`}`,
    ...(told.length === 0 ? [] : [`PSNR (RGB), mean of the frames: ${decibels(mean(told.map(({ value }) => value)))}`]),
    ...worst.map(
      ({ value, number }) => `  frame ${number + 1}, ${(seconds[number] ?? 0).toFixed(2)} s: ${decibels(value)}`,
    ),
    flickerText([names[source], names[1 - source]!], flicker),
  ].join('\n');
}

function flickerText(
  [source, result]: readonly [string, string],
  { ratio, stillShare }: FilmComparison['measures']['flicker'],
): string {
  const still = `where ${source} stands still (${(100 * stillShare).toFixed(0)} % of it)`;
  if (ratio === null) return `flicker: not measured, nothing changes ${still}`;
  return `flicker of ${result} ${still}: ${ratio.toFixed(2)} of ${source}'s, enlarged by bicubic`;
}

/** In one line, for a caption. */
export function shortNumbers({ psnr, ssimY, maxDifference }: PictureNumbers): string {
  return `PSNR ${decibels(psnr)}, SSIM-Y ${similarity(ssimY)}, largest ${levels(maxDifference)}`;
}

/** The first column stands to the left, the others, as wide as a figure at least, to the right. */
export function columns(rows: readonly (readonly string[])[]): string {
  const figures = rows[0]!.slice(1);
  const right = new Set(figures.map((_, index) => index + 1));
  return alignColumns(rows, { right, least: [0, ...figures.map(() => 8)] });
}

/** Of `upreel eval`: a line for each model, and with `withEach` for each of its pictures. */
export function scoreTable(scores: readonly Score[], withEach: boolean): string {
  return [
    columns([HEADS.map((head) => head.toUpperCase()), ...scoreRows(scores, withEach, '  ')]),
    ...remarks(scores),
  ].join('\n');
}

/** The same in Markdown, whatever stands in names. */
export function scoreMarkdown(scores: readonly Score[], withEach: boolean): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeMarkdown).join(' | ')} |`;
  const rows = scoreRows(scores, withEach, '— ').map(line);
  const rule = `|${HEADS.map((_, index) => (index === 0 ? '---|' : '---:|')).join('')}`;
  return [line(HEADS), rule, ...rows, ...remarks(scores).map((remark) => `\n${escapeMarkdown(remark)}`)].join('\n');
}

/** Of one model, for the page. */
export function scoreSentence({ model, psnrY, ssimY, niqe, secondsPerMegapixel, peakBytes }: Score): string {
  const memory = peakBytes === null ? '' : `, ${megabytes(peakBytes)} of memory`;
  const time = `${secondsText(secondsPerMegapixel)} a megapixel`;
  return `${model}: PSNR-Y ${decibels(psnrY)}, SSIM-Y ${similarity(ssimY)}, NIQE ${naturalness(niqe)}, ${time}${memory}.`;
}

const HEADS = ['model', 'pictures', 'PSNR-Y', 'SSIM-Y', 'NIQE', 's/MP', 'memory'];

function scoreRows(scores: readonly Score[], withEach: boolean, indent: string): string[][] {
  return scores.flatMap(({ model, pictures, psnrY, ssimY, niqe, secondsPerMegapixel, peakBytes, each }) => [
    [
      ...[model, String(pictures), decibels(psnrY), similarity(ssimY), naturalness(niqe)],
      ...[secondsPerMegapixel.toFixed(2), peakBytes === null ? '-' : megabytes(peakBytes)],
    ],
    ...(withEach
      ? each.map((one) => [
          ...[`${indent}${one.picture}`, '', decibels(one.psnrY), similarity(one.ssimY), naturalness(one.niqe)],
          ...['', ''],
        ])
      : []),
  ]);
}

function remarks(scores: readonly Score[]): string[] {
  const equal = scores.filter(({ equal, psnrY }) => equal > 0 && psnrY !== null);
  return [
    ...equal.map((score) => `${score.model}: ${score.equal} equal to the original, not in the mean of PSNR`),
    ...naturalnessOf('the originals', scores[0]?.niqeOriginal ?? null),
    ...tooSmall(
      scores.some(({ each }) => each.some(({ ssimY }) => ssimY === null)),
      scores.some(({ each }) => each.some(({ niqe }) => niqe === null)),
    ),
  ];
}

/** Signs that mean something in Markdown, or in the HTML that it may hold. */
export function escapeMarkdown(text: string): string {
  return text.replace(/[\r\n]+/g, ' ').replace(/[\\`*_{}[\]<>()#+!|&~]/g, (sign) => `\\${sign}`);
}

function secondsText(seconds: number): string {
  return `${seconds.toFixed(2)} s`;
}

export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

/** Under the table: what a score without its protocol does not tell. */
export function protocolText(scale: number, luma: LumaRounding): string {
  const rounding = luma === 'rounded' ? 'rounded as MATLAB does' : 'not rounded';
  return `shrunk ${scale} times by bicubic, border of ${scale} px left out, luma of BT.601 ${rounding} (gray as it is)`;
}

const LOWER = 'lower looks more natural';

/** Without it the others say little: originals differ more among each other than results do. */
function naturalnessOf(name: string, niqe: number | null): string[] {
  return niqe === null ? [] : [`NIQE of ${name} ${naturalness(niqe)}: ${LOWER}`];
}

function tooSmall(forSsim: boolean, forNiqe: boolean): string[] {
  return [
    ...(forSsim ? ['SSIM takes 11x11 pixels inside the border: "-" where there are fewer'] : []),
    ...(forNiqe ? ['below 96x96 pixels inside the border, or where all is flat, there is no NIQE: "-"'] : []),
  ];
}

function naturalness(niqe: number | null): string {
  return niqe === null ? '-' : niqe.toFixed(2);
}

export function decibels(value: number | null): string {
  return value === null ? 'equal' : `${value.toFixed(2)} dB`;
}

function similarity(value: number | null): string {
  return value === null ? '-' : value.toFixed(4);
}

/** 16-bit samples differ by fractions of a level, which must not read as 0. */
function levels(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(3)));
}
