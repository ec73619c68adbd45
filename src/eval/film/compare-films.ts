import { stat } from 'node:fs/promises';
import { UpreelError } from '../../core/errors.ts';
import type { Size } from '../../core/pixels/geometry.ts';
import type { Raster } from '../../core/pixels/raster.ts';
import type { FilmCurve, FilmFacts, PageFile, Scene, ScenePicture, ShownPicture } from '../../page/index.ts';
import { probeVideo, type VideoInfo } from '../../video/index.ts';
import { comparePages, type Measuring, summarise } from '../compare.ts';
import type { ScenePlace } from '../compare-scene.ts';
import { type ChosenFrame, chooseFrames, framesShown } from './choose-frames.ts';
import type { FilmSource } from './film-plans.ts';
import { makeExcerpts } from './make-excerpts.ts';
import { type FilmMeasures, measureFilms } from './measure-films.ts';
import { readFrames } from './read-frames.ts';

export interface FilmComparison {
  readonly size: Size;
  readonly measures: FilmMeasures;
  /** Which of them flicker is measured against: the smaller one, of one size the first. */
  readonly source: 0 | 1;
  /** The worst first; empty without `show`. */
  readonly scenes: readonly Scene[];
  readonly film: FilmFacts;
  readonly notes: readonly string[];
}

export interface FilmContext {
  readonly measuring: Measuring;
  /** Gets the frames that are shown; null: only numbers are wanted. */
  readonly show: ((picture: ShownPicture, about: ScenePicture, place: ScenePlace) => Promise<void>) | null;
  readonly addData: PageFile['addData'];
  readonly signal: AbortSignal;
}

/**
 * Compares two films frame by frame, by the frames' numbers, at the size of the larger one.
 * @param names as they are told apart
 * @throws UpreelError `input-*`, `ffmpeg-missing`.
 */
export async function compareFilms(
  paths: readonly [string, string],
  names: readonly [string, string],
  context: FilmContext,
): Promise<FilmComparison> {
  const { signal } = context;
  const infos = [await probeVideo(paths[0], signal), await probeVideo(paths[1], signal)] as const;
  const [a, b] = [sourceOf(infos[0]), sourceOf(infos[1])];
  checkShapes(infos, names);
  const size = largerSize(infos[0].video.size, infos[1].video.size);
  const source = sourceOfBoth(infos);
  const enlargement = size.width / infos[source].video.size.width;
  const measures = await measureFilms({ films: [a, b], size, source, enlargement }, signal);
  if (measures.psnr.length === 0) {
    throw new UpreelError('input-damaged', `Not one picture of ${paths.join(' and ')} can be compared.`, {
      hint: 'upreel info says what they are.',
    });
  }
  const facts = await Promise.all(infos.map(factsOf));
  const chosen = context.show === null ? [] : chooseFrames(measures.psnr, framesShown(size));
  const scenes: Scene[] = [];
  const inOrder = [...chosen].sort((one, other) => one.number - other.number);
  const numbers = inOrder.map(({ number }) => number);
  const others = readFrames(b, numbers, size, signal);
  try {
    let at = 0;
    for await (const left of readFrames(a, numbers, size, signal)) {
      const right = (await others.next()).value!;
      const name = frameName(inOrder[at]!, measures);
      scenes.push(await sceneOf([left, right], { names, facts, name, key: 2 * at, context }));
      at++;
    }
  } finally {
    await others.return();
  }
  const excerpts = context.show === null ? [] : await addExcerpts([a, b], names, size, measures, chosen, context);
  return {
    size,
    measures,
    source,
    notes: notesOn(infos, names, size, measures),
    scenes: chosen.map((one) => scenes[inOrder.indexOf(one)]!),
    film: {
      seconds: measures.seconds.slice(0, measures.psnr.length).map((value) => rounded(value, 3)),
      frames: chosen.map(({ number }) => number),
      curves: curvesOf(measures, source === 0 ? names : [names[1], names[0]], names[1]),
      excerpts,
    },
  };
}

function sourceOf({ path, video }: VideoInfo): FilmSource {
  return { path, streamIndex: video.index };
}

/** As they are seen: pixels need not be square. A little may be cut or rounded away. @throws UpreelError `usage` */
function checkShapes(infos: readonly [VideoInfo, VideoInfo], names: readonly [string, string]): void {
  const [a, b] = infos.map(({ video: { size, sampleAspectRatio } }) => {
    const { num, den } = sampleAspectRatio ?? { num: 1, den: 1 };
    return (size.width * num) / (size.height * den);
  });
  if (Math.abs(a! / b! - 1) < 0.03) return;
  const sizes = infos.map(({ video: { size } }, at) => `${size.width}x${size.height} (${names[at]})`);
  throw new UpreelError('usage', `Expected films of one shape, got ${sizes.join(' and ')}.`, {
    hint: 'Films of another size are enlarged, but not cut.',
  });
}

function sourceOfBoth([a, b]: readonly [VideoInfo, VideoInfo]): 0 | 1 {
  const area = ({ video: { size } }: VideoInfo): number => size.width * size.height;
  return area(b) < area(a) ? 1 : 0;
}

function largerSize(a: Size, b: Size): Size {
  const { width, height } = a.width * a.height >= b.width * b.height ? a : b;
  return { width, height };
}

function frameName({ number, rank }: ChosenFrame, { psnr, seconds: times }: FilmMeasures): string {
  const value = psnr[number]!;
  const worst = rank === null ? '' : `${rank}. worst: `;
  const seconds = (times[number] ?? 0).toFixed(2);
  return `${worst}frame ${number + 1}, ${seconds} s, ${value === null ? 'equal' : `${value.toFixed(2)} dB`}`;
}

async function sceneOf(
  rasters: readonly [Raster, Raster],
  {
    names,
    facts,
    name,
    key,
    context,
  }: {
    names: readonly [string, string];
    facts: readonly ScenePicture['facts'][];
    name: string;
    key: number;
    context: FilmContext;
  },
): Promise<Scene> {
  const [left, right] = rasters.map((colour) => ({ colour, alpha: null }));
  const { psnr, psnrY, ssimY, maxDifference } = summarise([comparePages(left!, right!, context.measuring)]);
  const pictures: ScenePicture[] = [
    { key, name: names[0], facts: facts[0]!, numbers: null },
    { key: key + 1, name: names[1], facts: facts[1]!, numbers: { psnr, psnrY, ssimY, maxDifference } },
  ];
  const { width, height } = rasters[0];
  for (const [index, colour] of rasters.entries()) {
    await context.show?.({ colour, alpha: null, icc: null }, pictures[index]!, { width, height, index, count: 2 });
  }
  return { name, width, height, isTransparent: false, pictures, base: 0, notes: [] };
}

/** Around the worst frame; of equal films from the start. */
async function addExcerpts(
  films: readonly FilmSource[],
  names: readonly [string, string],
  size: Size,
  { seconds }: FilmMeasures,
  chosen: readonly ChosenFrame[],
  { addData, signal }: FilmContext,
): Promise<FilmFacts['excerpts']> {
  const worst = chosen.find(({ rank }) => rank === 1)?.number ?? 0;
  const made = await makeExcerpts(films, { atSeconds: seconds[worst] ?? 0, size }, signal);
  for (const [index, { data }] of made.entries()) await addData(`excerpt-${index}`, data);
  return made.map(({ type }, index) => ({ id: `excerpt-${index}`, type, name: names[index]! }));
}

function curvesOf(
  { psnr, flicker }: FilmMeasures,
  [source, result]: readonly [string, string],
  measured: string,
): readonly FilmCurve[] {
  const change = (values: readonly (number | null)[]) =>
    values.map((value) => (value === null ? null : rounded(value, 3)));
  return [
    {
      title: 'PSNR, dB',
      missing: 'equal',
      lines: [{ name: measured, values: psnr.map((value) => (value === null ? null : rounded(value, 2))) }],
    },
    {
      title: 'Flicker: change from frame to frame where the source stands still, levels of 255',
      missing: 'not still',
      lines: [
        { name: source, values: change(flicker.source) },
        { name: result, values: change(flicker.result) },
      ],
    },
  ];
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

function notesOn(
  [a, b]: readonly [VideoInfo, VideoInfo],
  names: readonly [string, string],
  size: Size,
  measures: FilmMeasures,
): string[] {
  const [left, right] = [a.video.size, b.video.size];
  const smaller = [left, right].findIndex(({ width, height }) => width !== size.width || height !== size.height);
  const { width, height } = [left, right][smaller] ?? size;
  const [framesA, framesB] = measures.frames;
  return [
    'Frames are paired by their number. The curve of PSNR is of RGB, the table of each frame as for pictures.',
    ...(smaller === -1
      ? []
      : [
          `${names[smaller]}, ${width}x${height}, is enlarged by bicubic to ${size.width}x${size.height}, and measured so.`,
        ]),
    ...(framesA === framesB
      ? []
      : [`They have ${framesA} and ${framesB} frames: the first ${measures.psnr.length} are compared.`]),
    ...(a.video.bitsPerSample > 8 || b.video.bitsPerSample > 8 ? ['Deep films are measured and shown in 8 bits.'] : []),
  ];
}

async function factsOf({ path, video, formatName, durationSeconds }: VideoInfo): Promise<[string, string][]> {
  const { size: bytes } = await stat(path);
  const rate = Number((video.frameRate.num / video.frameRate.den).toFixed(3));
  const long = durationSeconds === null ? '' : `, ${durationSeconds.toFixed(1)} s`;
  return [
    ['size', `${video.size.width} × ${video.size.height}`],
    ['file', `${formatName.split(',')[0]}, ${bytes.toLocaleString('en')} bytes${long}`],
    ['picture', `${video.codec} ${video.pixelFormat}, ${rate} frames a second`],
  ];
}
