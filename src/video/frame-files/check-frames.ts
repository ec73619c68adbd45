import { systemErrorCode, UpreelError } from '../../core/errors.ts';
import { CONCEAL } from '../source/completeness.ts';
import { type PictureHeader, readPictureHeader } from './picture-header.ts';

/** What all frames have in common. */
export interface CheckedFrames {
  /** Those that are left: a damaged one is replaced by the one before, if that was asked for. */
  readonly paths: readonly string[];
  /** Of the first; `bits` and `alpha` are the most that any of them has. */
  readonly header: PictureHeader;
  /** Of all files together, each counted once. */
  readonly bytes: number;
  /** Sentences on what was replaced. */
  readonly concealed: readonly string[];
}

/**
 * Opens every picture and holds its header against the first one's, before any work.
 * @throws UpreelError `input-damaged`, `input-unsupported`, `input-missing`, naming the frame and its file.
 */
export async function checkFrames(
  paths: readonly string[],
  { conceal }: { readonly conceal: boolean },
  signal: AbortSignal,
): Promise<CheckedFrames> {
  const good: string[] = [];
  const concealed: string[] = [];
  let common: PictureHeader | null = null;
  let bytes = 0;
  let before: string | null = null;
  let leading = 0;
  for await (const { index, path, found } of readAhead(paths, signal)) {
    if (path !== before) bytes += found.bytes;
    before = path;
    const isBad = 'problem' in found;
    const problem: string | null = isBad ? found.problem : common === null ? null : differenceOf(common, found);
    if (problem !== null) {
      // Another size is no damage: it says that the pictures do not belong together.
      if (!conceal || !isBad) throw refusal(index, path, problem, isBad);
      concealed.push(`Frame ${index + 1} (${path}) ${problem}: the one before is shown instead.`);
      const last = good.at(-1);
      if (last === undefined) leading++;
      else good.push(last);
      continue;
    }
    if (isBad) continue;
    common = common === null ? found : withMost(common, found);
    good.push(path);
  }
  if (common === null) throw new UpreelError('input-damaged', `Not one of ${paths.length} pictures can be read.`);
  // Before the first good one there is none: it stands for those, too.
  return { paths: [...Array.from({ length: leading }, () => good[0]!), ...good], header: common, bytes, concealed };
}

function refusal(index: number, path: string, problem: string, isBad: boolean): UpreelError {
  const isKind = /expected/.test(problem);
  return new UpreelError(
    isBad && !isKind ? 'input-damaged' : 'input-unsupported',
    `Frame ${index + 1} (${path}) ${problem}.`,
    {
      hint: isBad
        ? `Make it again; or show the picture before instead with ${CONCEAL}`
        : 'All frames of a film are alike: make it again, or leave it out.',
    },
  );
}

/** What frames must share, in a clause; null: all of it. Gray and palettes may stand among RGB: they become RGB. */
function differenceOf(first: PictureHeader, header: PictureHeader): string | null {
  const { kind, size, orientation } = header;
  if (kind !== first.kind) return `is ${kind.toUpperCase()}, expected ${first.kind.toUpperCase()} as the first`;
  if (size.width !== first.size.width || size.height !== first.size.height) {
    return `is ${size.width}x${size.height}, expected ${first.size.width}x${first.size.height} as the first`;
  }
  if (orientation !== first.orientation) return 'is turned in another way than the first';
  if (first.alpha && header.alpha && header.premultiplied !== first.premultiplied) {
    return `has ${header.premultiplied ? 'associated' : 'unassociated'} alpha, unlike the frames before`;
  }
  return null;
}

function withMost(common: PictureHeader, { bits, alpha, premultiplied, notes }: PictureHeader): PictureHeader {
  if (bits <= common.bits && (common.alpha || !alpha) && notes.every((note) => common.notes.includes(note)))
    return common;
  return {
    ...common,
    bits: Math.max(bits, common.bits),
    alpha: alpha || common.alpha,
    premultiplied: premultiplied || common.premultiplied,
    notes: [...new Set([...common.notes, ...notes])],
  };
}

type Found = Awaited<ReturnType<typeof readPictureHeader>>;

/** In order, some at once: each waits for the disk. */
async function* readAhead(paths: readonly string[], signal: AbortSignal) {
  const running: Promise<Found>[] = [];
  for (let index = 0; index < paths.length; index++) {
    signal.throwIfAborted();
    while (running.length < AT_ONCE && index + running.length < paths.length) {
      const reading = readNamed(paths[index + running.length]!);
      // Told when its turn comes.
      reading.catch(() => {});
      running.push(reading);
    }
    yield { index, path: paths[index]!, found: await running.shift()! };
  }
}

const AT_ONCE = 16;

async function readNamed(path: string): Promise<Found> {
  try {
    return await readPictureHeader(path);
  } catch (cause) {
    const isMissing = systemErrorCode(cause) === 'ENOENT';
    throw new UpreelError(isMissing ? 'input-missing' : 'input-unreadable', `Cannot open the frame ${path}.`, {
      hint: isMissing ? 'It was there a moment ago, or is a link to nothing.' : 'Check that you may read it.',
      cause,
    });
  }
}
