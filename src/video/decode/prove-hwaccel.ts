import { ffmpegLines, listHwaccels, ProgramError } from '../../core/ffmpeg/ffmpeg.ts';
import type { VideoPlan } from '../plan/video-plan.ts';
import type { Hwaccel } from '../settings.ts';
import type { StreamWarning } from '../source/streams.ts';
import { planDecode } from './decode-plan.ts';

/**
 * Decodes the first frames of the film on the hardware that was asked for and in software, and takes the hardware only
 * if every sample of every frame is the same: codecs define their pictures to the bit, drivers do not always.
 * @returns the plan with what was proven; in software, with a warning, where nothing was.
 */
export async function proveHwaccel(plan: VideoPlan, asked: Hwaccel, signal: AbortSignal): Promise<VideoPlan> {
  if (asked === 'off') return plan;
  const available = await listHwaccels(signal);
  const candidates = asked === 'auto' ? available : [asked];
  const expected = await firstFrames(plan, signal);
  const problems: string[] = [];
  for (const name of candidates) {
    const found = available.includes(name) ? await tryHwaccel(plan, name, expected, signal) : NOT_BUILT_IN;
    if (found === null)
      return { ...plan, hwaccel: name, warnings: [...plan.warnings, accepted(name, expected.length)] };
    problems.push(`${name}: ${found}`);
  }
  const why = problems.length === 0 ? 'this ffmpeg has none' : problems.join('; ');
  const message = `Hardware decoding does not work here (${why}): the film is decoded in software.`;
  return { ...plan, warnings: [...plan.warnings, { code: 'hwaccel-replaced', message }] };
}

const NOT_BUILT_IN = 'this ffmpeg was built without it';
const FRAMES = 48;

function accepted(name: string, frames: number): StreamWarning {
  const message = `The film is decoded by ${name}: its first ${frames} frames are those of software, to the bit.`;
  return { code: 'hwaccel', message };
}

/** @returns what is wrong with it, or null. */
async function tryHwaccel(
  plan: VideoPlan,
  name: string,
  expected: readonly string[],
  signal: AbortSignal,
): Promise<string | null> {
  try {
    const frames = await firstFrames({ ...plan, hwaccel: name }, signal);
    const other = expected.findIndex((hash, index) => frames[index] !== hash);
    if (other >= 0) return `its frame ${other + 1} differs`;
    return frames.length === expected.length ? null : `it gave ${frames.length} frames of ${expected.length}`;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ProgramError)
      return (error.lines[0] ?? 'it failed')
        .replace(/^(\[[^\]]*\]\s*)+/, '')
        .replace(/[ .]+$/, '')
        .slice(0, 120);
    throw error;
  }
}

/** Time and hash of each frame as the network would get it. */
async function firstFrames(plan: VideoPlan, signal: AbortSignal): Promise<string[]> {
  const { inputs, output } = planDecode(plan, null);
  const options = [...output.options.slice(0, -2), '-frames:v', String(FRAMES), '-f', 'framehash', '-hash', 'md5'];
  const timed = AbortSignal.any([signal, AbortSignal.timeout(TRIAL_MILLISECONDS)]);
  const hashes: string[] = [];
  for await (const line of ffmpegLines({ inputs, output: { options, target: '-' } }, timed)) {
    if (!line.startsWith('#') && line !== '') hashes.push(line);
  }
  return hashes;
}

/** A driver that hangs is none that works. */
const TRIAL_MILLISECONDS = 60_000;
