import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listEncoders, runFfmpeg } from '../../core/ffmpeg/ffmpeg.ts';
import type { Size } from '../../core/pixels/geometry.ts';
import { EXCERPT_CODINGS, excerptPlan, type FilmSource } from './film-plans.ts';

export interface Excerpt {
  readonly type: string;
  readonly data: Uint8Array;
}

const SECONDS = 4;
const WIDEST = 1280;

/** A few seconds of each film around a time; none where this ffmpeg has no encoder that browsers know. */
export async function makeExcerpts(
  films: readonly FilmSource[],
  { atSeconds, size }: { readonly atSeconds: number; readonly size: Size },
  signal: AbortSignal,
): Promise<readonly Excerpt[]> {
  const known = await listEncoders(signal);
  const coding = EXCERPT_CODINGS.find(({ encoder }) => known.has(encoder));
  if (coding === undefined) return [];
  const part = { startSeconds: Math.max(0, atSeconds - SECONDS / 2), seconds: SECONDS, size: excerptSize(size) };
  const folder = await mkdtemp(join(tmpdir(), 'upreel-excerpt-'));
  try {
    const excerpts: Excerpt[] = [];
    for (const [index, film] of films.entries()) {
      const target = join(folder, String(index));
      await runFfmpeg(excerptPlan(film, part, coding, target), signal);
      excerpts.push({ type: coding.type, data: await readFile(target) });
    }
    return excerpts;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Coders of films want even sides. */
function excerptSize({ width, height }: Size): Size {
  const scale = Math.min(1, WIDEST / width);
  const even = (side: number): number => Math.max(2, 2 * Math.round((side * scale) / 2));
  return { width: even(width), height: even(height) };
}
