import { readdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { UpreelError } from '../../core/errors.ts';
import {
  countMissing,
  describeMissing,
  type FrameSequence,
  hasFrameName,
  isFrameOf,
  isFramePattern,
  orderFrames,
} from '../../core/files/frame-sequence.ts';
import type { VideoSettings } from '../settings.ts';

/** Pictures as the frames of a film, before any of them is opened. */
export interface FoundFrames {
  /** One for each frame, absolute. With `--gaps hold` the picture before a gap stands for what is missing, too. */
  readonly paths: readonly string[];
  /** "frames 1 to 240", for people; null where the names do not count. */
  readonly range: string | null;
  /** What was done about missing numbers, as a sentence; null: none is missing. */
  readonly gaps: string | null;
}

/** Whether pictures are meant: a list of them, or a pattern that is no file's own name. */
export async function isFramesInput(input: string, { frames }: Pick<VideoSettings, 'frames'>): Promise<boolean> {
  if (frames !== null) return true;
  return isFramePattern(input) && (await stat(input).catch(() => null)) === null;
}

/** @throws UpreelError `input-missing`, `input-unreadable`; `usage` for missing numbers, unless told what to do. */
export async function findFrames(
  input: string,
  { frames, gaps }: Pick<VideoSettings, 'frames' | 'gaps'>,
): Promise<FoundFrames> {
  const sequence = orderFrames(frames?.map((path) => resolve(path)) ?? (await listPattern(resolve(input))));
  return applyGaps(sequence, gaps);
}

async function listPattern(pattern: string): Promise<string[]> {
  const folder = dirname(pattern);
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new UpreelError('input-missing', `The folder ${folder} cannot be read.`, {
      hint: 'Check its name, and that you may read it.',
      cause,
    });
  });
  const paths = names.filter((name) => isFrameOf(pattern, name)).map((name) => join(folder, name));
  if (paths.length > 0) return paths;
  throw new UpreelError('input-missing', `No picture is named like ${pattern}.`, { hint: hintFor(folder, names) });
}

/** The pattern that would have been right, where there is one. */
function hintFor(folder: string, names: readonly string[]): string {
  try {
    const { numbering } = orderFrames(names.filter(hasFrameName).map((name) => join(folder, name)));
    if (numbering?.pattern) return `Those in the folder are named like ${numbering.pattern}.`;
  } catch {
    // Several sequences: none is meant more than the others.
  }
  return '%04d stands for numbers of four digits, with zeros before; %d for numbers without.';
}

/** What is missing is refused, held or passed over; never in silence. Pure. */
export function applyGaps({ paths, numbering }: FrameSequence, gaps: VideoSettings['gaps']): FoundFrames {
  if (numbering === null) return { paths, range: null, gaps: null };
  const { numbers, step, missing } = numbering;
  const [first, last] = [numbers[0] ?? 0, numbers.at(-1) ?? 0];
  const range = `frames ${first} to ${last}${step === 1 ? '' : ` in steps of ${step}`}`;
  if (missing.length === 0) return { paths, range, gaps: null };
  const count = countMissing(missing, step);
  const what = `${count} of the ${range} ${count === 1 ? 'is' : 'are'} missing: ${describeMissing(missing, step)}`;
  switch (gaps) {
    case 'fail':
      throw new UpreelError('input-missing', `${what}.`, {
        hint: '--gaps hold shows the picture before for as long; --gaps skip goes on with the next at once.',
      });
    case 'skip':
      return { paths, range, gaps: `${what}; the film goes on with the next picture at once.` };
    case 'hold': {
      if (count > MAX_HELD) {
        throw new UpreelError('input-unsupported', `${what}: too many to be held.`, {
          hint: `Up to ${MAX_HELD} are; --gaps skip goes on with the next picture at once.`,
        });
      }
      const held = paths.flatMap((path, index) => {
        const next = numbers[index + 1] ?? numbers[index]! + step;
        return Array.from({ length: (next - numbers[index]!) / step }, () => path);
      });
      return { paths: held, range, gaps: `${what}; the picture before is shown for as long.` };
    }
  }
}

const MAX_HELD = 1_000_000;
