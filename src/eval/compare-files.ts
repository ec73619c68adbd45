import { DEFAULT_PICTURE_LIMITS, openPicture, type PictureInfo } from '../core/codec/index.ts';
import { UpreelError } from '../core/errors.ts';
import { type Comparison, checkBorder, checkSizes, comparePages, type Measuring, summarise } from './compare.ts';
import { niqeOf } from './niqe/niqe.ts';

export interface FileComparison extends Comparison {
  /** NIQE of each, the mean of its pages; null: a page is smaller than a block. */
  readonly niqe: readonly [number | null, number | null];
  /** What no measure sees, in sentences for people. */
  readonly notes: readonly string[];
}

/**
 * Compares two picture files, page by page: all frames of animations, all pages of TIFF files.
 * @throws UpreelError `usage` where the numbers of pages or their sizes differ, or the border leaves nothing of one,
 * before anything is decoded; as `openPicture` does.
 */
export async function compareFiles(a: string, b: string, measuring: Measuring): Promise<FileComparison> {
  const [left, right] = [await openPicture(a, DEFAULT_PICTURE_LIMITS), await openPicture(b, DEFAULT_PICTURE_LIMITS)];
  checkPages(left.info, right.info, measuring.border);
  const notes = new Set([...left.info.warnings, ...right.info.warnings, ...unseen(left.info, right.info)]);
  const differences = [];
  const natural: (number | null)[][] = [[], []];
  const others = right.pages()[Symbol.asyncIterator]();
  try {
    for await (const page of left.pages()) {
      const other = (await others.next()).value!;
      differences.push(comparePages(page, other, measuring));
      for (const [at, { colour }] of [page, other].entries()) natural[at]!.push(await niqeOf(colour, measuring));
      for (const warning of [...page.warnings, ...other.warnings]) notes.add(warning);
    }
  } finally {
    await others.return?.();
  }
  const [niqeA, niqeB] = natural.map(meanOrNull);
  return { ...summarise(differences), niqe: [niqeA!, niqeB!], notes: [...notes] };
}

function meanOrNull(values: readonly (number | null)[]): number | null {
  return values.reduce((sum, value) => (sum === null || value === null ? null : sum + value / values.length), 0);
}

function checkPages(a: PictureInfo, b: PictureInfo, border: number): void {
  const [count, others] = [a.pages.length, b.pages.length];
  if (count !== others) {
    throw new UpreelError('usage', `Expected two pictures with as many pages, got ${count} and ${others}.`, {
      hint: 'The frames of an animation count as pages. Save the pages that you mean as files of their own.',
    });
  }
  for (const [page, size] of a.pages.entries()) {
    checkSizes(size, b.pages[page]!, count > 1 ? ` on page ${page + 1}` : '');
    checkBorder(size, border, count > 1 ? `page ${page + 1}` : a.path);
  }
}

/** Samples are compared as they are stored; what else decides how a picture looks goes into the notes. */
function unseen(a: PictureInfo, b: PictureInfo): string[] {
  const profiles = [a, b].map(({ metadata: { icc } }) => Buffer.from(icc ?? new Uint8Array()));
  const times = [a, b].map(({ animated, metadata: { delaysMs, loop } }) =>
    JSON.stringify(animated && [delaysMs, loop]),
  );
  return [
    ...(profiles[0]!.equals(profiles[1]!)
      ? []
      : ['Their colour profiles differ: samples are compared as they are stored.']),
    ...(times[0] === times[1] ? [] : ['The times of their frames differ: only pictures are compared.']),
  ];
}
