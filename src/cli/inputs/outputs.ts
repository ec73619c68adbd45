import { mkdir, stat } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';
import { UpreelError } from '../../core/errors.ts';
import { isFramePattern } from '../../core/files/frame-sequence.ts';
import type { OutputRule } from '../../core/files/output-name.ts';
import { isSequenceName } from '../../core/files/sequence-name.ts';
import { distinctStems } from './distinct-names.ts';
import type { Input } from './input.ts';

/**
 * Where each input's result goes. `-o` names a file for one input that was named itself, else a folder (or if it is
 * one, or ends in a slash), in which what lies below a folder keeps its place. With an encoder of pictures, a video
 * becomes a folder of numbered ones: `-o` itself for one video. Results that would get one name get names of their own.
 * @param folderMaker gets the folders that results will lie in.
 * @throws UpreelError `usage` for what `-o` cannot be, `output-unwritable` if a folder cannot be made.
 */
export async function planOutputs(
  inputs: readonly Input[],
  output: string | undefined,
  encoder?: string,
  folderMaker: (path: string) => Promise<void> = makeFolder,
): Promise<readonly OutputRule[]> {
  const piped = pipedRule(inputs, output);
  if (piped !== null) return [piped];
  const pictures = PICTURE_ENCODERS.find((name) => name === encoder) ?? null;
  const [only] = inputs;
  if (pictures !== null && output !== undefined && inputs.length === 1 && only?.kind === 'video') {
    const path = isSequenceName(output) ? output : join(output, numbered(pictures));
    return [{ kind: 'file', path: resolve(path) }];
  }
  const folder = await folderFor(inputs, output);
  if (output !== undefined && folder === null) return [{ kind: 'file', path: resolve(output) }];
  const rules = derivedRules(inputs, folder, pictures);
  if (folder !== null) for (const path of new Set(rules.map((rule) => rule.folder))) await folderMaker(path);
  return rules;
}

/** @throws UpreelError `usage` for what pipes cannot carry. */
function pipedRule(inputs: readonly Input[], output: string | undefined): OutputRule | null {
  const isPiped = output === '-' || inputs.some(({ path }) => path === '-');
  if (!isPiped) return null;
  const [only] = inputs;
  if (inputs.length !== 1 || only?.kind !== 'video' || output === undefined) {
    throw new UpreelError('usage', 'Standard input and output (-) carry one video, and - as input needs -o.', {
      hint: 'For example: ffmpeg -i FILE -f yuv4mpegpipe - | upreel - -o OUTPUT.mkv',
    });
  }
  return { kind: 'file', path: output === '-' ? output : resolve(output) };
}

/** The file that `-o` names; null: a folder, a pipe, or nothing. @throws UpreelError `usage` as `planOutputs` does. */
export async function fileNamedBy(output: string | undefined, inputs: readonly Input[]): Promise<string | null> {
  if (output === undefined || output === '-' || (await folderFor(inputs, output)) !== null) return null;
  return output;
}

async function folderFor(inputs: readonly Input[], output: string | undefined): Promise<string | null> {
  if (output === undefined) return null;
  const exists = await stat(output).catch(() => null);
  const isOne = inputs.length === 1 && inputs[0]!.below === null;
  if (!exists?.isDirectory() && !/[/\\]$/.test(output) && isOne) return null;
  if (exists && !exists.isDirectory()) {
    throw new UpreelError('usage', `Expected a folder for -o with ${inputs.length} inputs, got the file ${output}.`, {
      hint: 'Name a folder, or leave -o out to write beside the inputs.',
    });
  }
  return resolve(output);
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw new UpreelError('output-unwritable', `Cannot make the folder ${path}.`, {
      hint: 'Choose another with -o.',
      cause: error,
    });
  }
}

function derivedRules(
  inputs: readonly Input[],
  folder: string | null,
  pictures: PictureEncoder | null,
): readonly Extract<OutputRule, { kind: 'derived' }>[] {
  const results = inputs.map((input) => {
    const path = namedFile(input);
    return {
      path,
      folder: folder === null ? dirname(path) : join(folder, input.below ?? ''),
      // A picture's container follows from its pages, which are not known yet (upscale-image.ts).
      extension:
        input.kind === 'image' ? '.png' : pictures === null ? videoExtension(input.path) : `/${numbered(pictures)}`,
    };
  });
  const stems = distinctStems(results);
  return results.map((result, index) => {
    return { kind: 'derived', folder: result.folder, stem: stems[index]!, extension: result.extension };
  });
}

/** A film of numbered pictures is named by their folder, beside it. */
function namedFile({ path, kind }: Input): string {
  return kind === 'video' && isFramePattern(path) ? `${dirname(path)}.frames` : path;
}

type PictureEncoder = (typeof PICTURE_ENCODERS)[number];
const PICTURE_ENCODERS = ['png', 'tiff'] as const;

function numbered(encoder: PictureEncoder): string {
  return `%06d.${encoder}`;
}

/** The source's container where upreel writes it, else Matroska, which holds everything. */
function videoExtension(path: string): string {
  const extension = extname(path).toLowerCase();
  return ['.mp4', '.mov', '.mkv', '.webm'].includes(extension) ? extension : '.mkv';
}
