import { UpreelError } from '../../core/errors.ts';
import { ffmpegLines, ProgramError } from '../../core/ffmpeg/ffmpeg.ts';
import { frameListPass } from '../decode/decode-plan.ts';
import { toSeconds } from '../rational.ts';
import { formatTime } from '../source/damaged-places.ts';
import { PatchedFrames } from '../source/patched-frames.ts';
import { describeDamage, findDamage } from './concealment.ts';
import { parseFrame } from './list-frames.ts';
import type { VideoPlan } from './video-plan.ts';

/**
 * Decodes the film to its end, or for as long as people wait, to add to a refusal how much of it is damaged.
 * @returns the error with that, or as it is where it is about something else.
 */
export async function withExtent(plan: VideoPlan, error: unknown, signal: AbortSignal): Promise<unknown> {
  const isDamage = error instanceof UpreelError && error.code === 'input-damaged';
  if (!isDamage || plan.concealsErrors || plan.source.frames !== undefined || signal.aborted) return error;
  const found = await survey(plan, signal).catch(() => '');
  if (found === '') return error;
  return new UpreelError(error.code, `${error.message} ${found}`, { hint: error.hint, cause: error.cause });
}

/** Long enough for two hours of old film, on a small machine. */
const PATIENCE_MILLISECONDS = 60_000;

async function survey(whole: VideoPlan, signal: AbortSignal): Promise<string> {
  const { plan, offsetTicks } = frameListPass(whole.source, whole.picture, true);
  const patched = new PatchedFrames(whole.frames.timeBase, offsetTicks);
  const ptsTicks: number[] = [];
  const patience = AbortSignal.timeout(PATIENCE_MILLISECONDS);
  const onMessage = (line: string) => patched.read(line);
  try {
    for await (const line of ffmpegLines(plan, AbortSignal.any([signal, patience]), { onMessage })) {
      const frame = parseFrame(line);
      if (frame !== null) ptsTicks.push(frame.pts - offsetTicks);
    }
  } catch (error) {
    // What was seen until then is damaged all the same.
    if (!patience.aborted && !(error instanceof ProgramError)) throw error;
  }
  const { frames, shiftSeconds } = whole;
  const last = ptsTicks.reduce((latest, ticks) => Math.max(latest, ticks), Number.NEGATIVE_INFINITY);
  const listed = patience.aborted ? frames.ptsTicks.filter((ticks) => ticks <= last) : frames.ptsTicks;
  const seen = { ...whole, frames: { ...frames, ptsTicks: listed } };
  const damage = findDamage(seen, [{ ptsTicks, patchedTicks: patched.ticks }]);
  if (damage === null) return '';
  const until = patience.aborted ? ` until ${formatTime(toSeconds(last, frames.timeBase) - shiftSeconds)}` : '';
  return `Looked through${until}: ${describeDamage(damage, false).join(' ')}`;
}
