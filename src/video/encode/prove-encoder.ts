import { UpreelError } from '../../core/errors.ts';
import { listEncoders, ProgramError, runFfmpeg } from '../../core/ffmpeg/ffmpeg.ts';
import type { VideoPlan } from '../plan/video-plan.ts';
import { ENCODER_NAMES, type EncoderName } from '../settings.ts';
import { colourOptions, frameTagOptions } from './colour-tags.ts';
import { ENCODERS } from './encoder-table.ts';
import { lookUpTrial } from './encoder-trials.ts';

/**
 * Has the planned encoder encode one frame of the result's size, with all its options. A hardware encoder that cannot
 * is replaced by the software one of the same codec, with a warning.
 * @param replan the same plan with another encoder.
 * @param leavesTrace whether it may be remembered in the cache that the encoder works.
 * @throws UpreelError `usage` if this ffmpeg lacks the encoder, or the encoder refuses what is asked of it.
 */
export async function proveEncoder(
  plan: VideoPlan,
  replan: (encoder: EncoderName) => VideoPlan,
  signal: AbortSignal,
  leavesTrace = true,
): Promise<VideoPlan> {
  const { name } = plan.encoder;
  const { fallback, codec = name } = ENCODERS[name];
  const refusal = await tryEncoder(plan, signal, leavesTrace);
  if (refusal === null) return plan;
  const available = await listEncoders(signal);
  const problem = available.has(codec) ? refusal : 'this ffmpeg was built without it';
  if (fallback !== null) {
    const replaced = await proveEncoder(replan(fallback), replan, signal, leavesTrace);
    const message = `The encoder ${name} does not work here (${problem}): ${fallback} is used instead.`;
    return { ...replaced, warnings: [...replaced.warnings, { code: 'encoder-replaced', message }] };
  }
  if (!available.has(codec)) {
    const others = ENCODER_NAMES.filter((other) => available.has(other));
    throw new UpreelError('usage', `This ffmpeg has no encoder ${name}.`, {
      hint: `Install a fuller ffmpeg, or choose one of ${others.join(', ')} with --encoder.`,
    });
  }
  const { width, height } = plan.encodedSize;
  throw new UpreelError('usage', `The encoder ${name} refuses frames of ${width}x${height}: ${problem}.`, {
    hint: 'Choose another --encoder or --size, or check --encoder-options.',
  });
}

/** @returns ffmpeg's reason, or null if the frame was encoded. */
async function tryEncoder(plan: VideoPlan, signal: AbortSignal, leavesTrace: boolean): Promise<string | null> {
  const trial = planTrial(plan);
  // Hardware may be gone the next time.
  const isSoftware = ENCODERS[plan.encoder.name].fallback === null;
  const known = isSoftware ? await lookUpTrial(trial, leavesTrace) : null;
  if (known?.hasWorked) return null;
  try {
    await runFfmpeg(trial, signal);
    await known?.remember();
    return null;
  } catch (error) {
    if (!(error instanceof ProgramError) || error.wasKilled) throw error;
    return reasonOf(error.lines);
  }
}

function planTrial({ encoder, encodedSize: { width, height }, resultColour }: VideoPlan) {
  const tags = frameTagOptions(resultColour.tags);
  const marks = tags.length === 0 ? [] : [`setparams=${tags.join(':')}`];
  return {
    inputs: [{ options: ['-f', 'lavfi'], source: `color=gray:size=${width}x${height}:rate=25` }],
    output: {
      options: [
        ...['-frames:v', '1', '-vf', [`format=${encoder.pixelFormat}`, ...marks].join(',')],
        ...[...encoder.options, ...colourOptions(resultColour.tags), '-f', 'null'],
      ],
      target: '-',
    },
  };
}

/** The first line is the encoder's own; what follows is how ffmpeg fell over it. */
function reasonOf(lines: readonly string[]): string {
  const line = lines.find((text) => !/log-level|^Svt\[info\]/.test(text)) ?? 'it gave no reason';
  return line
    .replace(/^(\[[^\]]*\]\s*)+/, '')
    .replace(/\s+/g, ' ')
    .replace(/\.$/, '')
    .slice(0, 160);
}
