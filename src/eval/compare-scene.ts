import {
  DEFAULT_PICTURE_LIMITS,
  madeIn,
  narrowSamples,
  openPicture,
  type PictureInfo,
  type PictureReader,
} from '../core/codec/index.ts';
import type { Size } from '../core/pixels/geometry.ts';
import { parseProvenance } from '../core/provenance.ts';
import type { Scene, ScenePicture, ShownPicture } from '../page/index.ts';
import { checkBorder, comparePages, type Measuring, type Page, summarise } from './compare.ts';
import type { SceneFiles } from './find-scenes.ts';
import { commonSize } from './fit-sizes.ts';
import { enlargeTo } from './imresize.ts';
import { niqeOf } from './niqe/niqe.ts';

export interface SceneContext {
  readonly measuring: Measuring;
  /** Gets each picture before the next one is read, the base first, with what was found about it. */
  readonly show: (picture: ShownPicture, about: ScenePicture, at: ScenePlace) => Promise<void>;
  readonly nextKey: () => number;
  readonly signal: AbortSignal;
}

/** Which picture of its scene it is, and how large they all are. */
export interface ScenePlace extends Size {
  readonly index: number;
  readonly count: number;
}

/**
 * Reads pictures of one thing, measures each against the first, and shows them, all at the size of the largest. Two of
 * them are in memory at a time.
 * @throws UpreelError `usage` where shapes differ or the border leaves nothing; as `openPicture` does.
 */
export async function compareScene(files: SceneFiles, context: SceneContext): Promise<Scene> {
  const readers: PictureReader[] = [];
  for (const path of files.paths) readers.push(await openPicture(path, DEFAULT_PICTURE_LIMITS, context.signal));
  const size = commonSize(readers.map(({ info }, at) => ({ ...info.pages[0]!, name: files.names[at]! })));
  checkBorder(size, context.measuring.border, files.paths[0]);
  const notes = new Set<string>(notesOn(readers.map(({ info }) => info)));
  const pictures: ScenePicture[] = [];
  let base: Page | null = null;
  for (const [at, reader] of readers.entries()) {
    context.signal.throwIfAborted();
    const { page, warnings } = await readFitting(reader, size, files.names[at]!);
    for (const note of [...reader.info.warnings, ...warnings]) notes.add(note);
    const key = context.nextKey();
    const numbers = base === null ? null : summarise([comparePages(base, page, context.measuring)]);
    const about = {
      key,
      name: files.names[at]!,
      facts: await factsOf(reader.info),
      numbers: numbers && {
        psnr: numbers.psnr,
        psnrY: numbers.psnrY,
        ssimY: numbers.ssimY,
        maxDifference: numbers.maxDifference,
      },
      niqe: await niqeOf(page.colour, context.measuring),
    };
    await context.show(shownOf(page, reader.info), about, { ...size, index: at, count: readers.length });
    pictures.push(about);
    base ??= page;
  }
  const isTransparent = readers.some(({ info }) => info.alpha);
  return { name: files.name, ...size, isTransparent, pictures, base: 0, notes: [...notes] };
}

async function readFitting(
  reader: PictureReader,
  size: Size,
  name: string,
): Promise<{ page: Page; warnings: string[] }> {
  const { colour, alpha, warnings } = await reader.readPage(0);
  if (colour.width === size.width && colour.height === size.height) {
    return { page: { colour, alpha }, warnings: [...warnings] };
  }
  const enlarged = {
    colour: enlargeTo(colour, size),
    alpha: alpha === null ? null : enlargeTo(alpha, size),
  };
  const note = `${name}, ${colour.width}x${colour.height}, is enlarged by bicubic to ${size.width}x${size.height}, and measured so.`;
  return { page: enlarged, warnings: [...warnings, note] };
}

function shownOf({ colour, alpha }: Page, { metadata }: PictureInfo): ShownPicture {
  return {
    colour: narrowSamples(colour),
    alpha: alpha === null ? null : narrowSamples(alpha),
    // Of gray ones browsers know nothing: their samples are close to sRGB's.
    icc: metadata.icc !== null && profileSpace(metadata.icc) === 'RGB ' ? metadata.icc : null,
  };
}

/** ICC.1, section 7.2: which samples a profile is for. */
function profileSpace(icc: Uint8Array): string {
  return Buffer.from(icc.subarray(16, 20)).toString('latin1');
}

function notesOn(infos: readonly PictureInfo[]): string[] {
  const profiles = infos.map(({ metadata }) => Buffer.from(metadata.icc ?? []).toString('base64'));
  return [
    ...(new Set(profiles).size === 1
      ? []
      : ['Colour profiles differ: the page shows colours by them, the numbers are of samples as they are stored.']),
    ...(infos.some(({ bytesPerSample }) => bytesPerSample === 2)
      ? ['16 bits: the page shows the upper 8, the numbers are of all.']
      : []),
    ...infos
      .filter(({ pages }) => pages.length > 1)
      .map(({ path, pages }) => `${path} has ${pages.length} pages: only the first is compared.`),
  ];
}

async function factsOf(info: PictureInfo): Promise<[string, string][]> {
  const { format, bytes, pages, bytesPerSample, channels, alpha } = info;
  const { width, height } = pages[0]!;
  const made = parseProvenance((await madeIn(info)) ?? '');
  const options = Object.entries(made?.options ?? {}).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  return [
    ['size', `${width} × ${height}`],
    ['file', `${format.toUpperCase()}, ${bytes.toLocaleString('en')} bytes`],
    ['samples', `${bytesPerSample * 8} bits, ${channels === 1 ? 'gray' : 'RGB'}${alpha ? ', transparency' : ''}`],
    ...(made === null
      ? []
      : ([
          ['made by', `${made.program}, ${made.model}, on ${made.device}`],
          ['options', options.length === 0 ? 'the defaults' : options.join(', ')],
        ] as [string, string][])),
  ];
}
