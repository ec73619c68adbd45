import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { type IdentityFacts, sourceFacts } from '../../store/index.ts';
import type { FrameFiles } from './frame-files.ts';

/**
 * What tells one version of such a film from another: how many frames, the names, sizes and times of change of all in
 * their order, the contents of 16 of them, the rate and the sound. With `whole` the contents of all.
 */
export async function framesFacts(
  { paths, rate, sound }: FrameFiles,
  { whole }: { readonly whole: boolean },
  signal: AbortSignal,
): Promise<IdentityFacts> {
  const listing = createHash('sha256');
  let bytes = 0;
  for (const path of paths) {
    signal.throwIfAborted();
    const { size, mtimeMs } = await stat(path);
    listing.update(JSON.stringify([basename(path), size, mtimeMs]));
    bytes += size;
  }
  const sampled = await hashContents(samplesOf(paths), false, signal);
  return {
    frames: paths.length,
    bytes,
    rate: `${rate.num}/${rate.den}`,
    listing: listing.digest('hex'),
    sampled,
    whole: whole ? await hashContents(paths, true, signal) : null,
    sound: sound === null ? null : await sourceFacts(sound.path, { whole }, signal),
  };
}

const SAMPLES = 16;

/** Spread over the film, the first and the last among them. */
function samplesOf(paths: readonly string[]): string[] {
  const last = paths.length - 1;
  const places = Array.from({ length: SAMPLES }, (_, index) => Math.round((last * index) / (SAMPLES - 1)));
  return [...new Set(places)].flatMap((place) => paths[place] ?? []);
}

async function hashContents(paths: readonly string[], whole: boolean, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) {
    const facts = await sourceFacts(path, { whole }, signal);
    hash.update(`${facts.sampled} ${facts.whole}\n`);
  }
  return hash.digest('hex');
}
