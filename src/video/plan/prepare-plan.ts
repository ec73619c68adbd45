import { UpreelError } from '../../core/errors.ts';
import type { Upscaler } from '../../core/upscaler/upscaler.ts';
import { proveHwaccel } from '../decode/prove-hwaccel.ts';
import { proveEncoder } from '../encode/prove-encoder.ts';
import { rehearseJoin } from '../finish/rehearse.ts';
import type { VideoSettings } from '../settings.ts';
import { checkComplete } from '../source/completeness.ts';
import { readSource, settingsOf } from '../source/read-source.ts';
import { readCarried } from './carried-streams.ts';
import { concealing } from './concealment.ts';
import { planVideo } from './plan-video.ts';
import { preparePicture } from './prepare-picture.ts';
import { uniteShapes } from './unite-shapes.ts';
import type { VideoPlan } from './video-plan.ts';

/**
 * Everything that is found out and decided before the first frame of a file.
 * @param output absolute, or `-`.
 * @param leavesTrace whether what is found out of ffmpeg may be kept in the cache.
 * @throws UpreelError `usage`, `input-*`, `ffmpeg-missing`, `ffmpeg-failed`.
 */
export async function preparePlan(
  { input, settings: asked }: { readonly input: string; readonly settings: VideoSettings },
  output: string,
  upscaler: Pick<Upscaler, 'scale'>,
  signal: AbortSignal,
  leavesTrace = true,
): Promise<VideoPlan> {
  const read = await readSource(input, asked, signal);
  const settings = settingsOf(read, asked);
  const facts = await uniteShapes(read, { output, settings }, signal);
  const { source, scan } = facts;
  const conceal = settings.onDecodeError === 'conceal';
  const damage = await concealing(conceal, () => checkComplete(source, scan));
  const picture = await preparePicture(facts, { output, settings }, signal);
  const planWith = (encoder: VideoSettings['encoder']) =>
    planVideo(source, scan, { output, settings: { ...settings, encoder } }, upscaler.scale, picture);
  const plan = await proveEncoder(planWith(settings.encoder), planWith, signal, leavesTrace);
  const proven = await proveHwaccel(plan, settings.hwaccel, signal);
  const accepted = await rehearseJoin(proven, settings, signal);
  requireSound(accepted);
  const { ledger, warnings } = await readCarried(accepted, signal);
  return { ...accepted, ledger, warnings: [...facts.warnings, ...accepted.warnings, ...damage, ...warnings] };
}

/** Sound that was asked for by name is never left out. @throws UpreelError `usage`. */
function requireSound({ source, streams, container }: VideoPlan): void {
  const sounds = source.streams.filter(({ kind }) => kind === 'audio');
  const lost = sounds.find((sound) => !streams.order.some((entry) => entry?.source === sound));
  if (source.frames === undefined || lost === undefined) return;
  throw new UpreelError('usage', `A .${container.name} result cannot hold the sound of --sound (${lost.codec}).`, {
    hint:
      container.holds === 'film' ? 'Name a result that ends in .mkv, which holds more kinds.' : 'Leave --sound out.',
  });
}
