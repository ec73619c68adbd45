import { basename } from 'node:path';
import type { UpreelError } from '../../core/errors.ts';
import type { NetworkTrial, RgbPixels } from '../../engine/index.ts';
import { count, duration, type Look, pictureSize, type SafeText, safeText, text } from '../../tui/index.ts';
import type { VideoFrame } from '../../video/index.ts';
import { alignColumns } from '../table.ts';

/** What came of trying a model on the frame. */
export type ModelTrial =
  | ({ readonly model: string; readonly before: RgbPixels; readonly framesTotal: number } & NetworkTrial)
  | { readonly model: string; readonly error: UpreelError };

/** The frame, a row for each model with its time, and what the estimate leaves out. */
export function previewTable(
  video: string,
  frame: VideoFrame,
  { width, height }: RgbPixels,
  trials: readonly ModelTrial[],
  look: Look,
): string {
  const name = safeText(basename(video), { charset: look.charset, maxColumns: 60 });
  const place = text`frame ${count(frame.index + 1)} of ${count(frame.framesTotal)}, at ${clock(frame.seconds)}`;
  const header: readonly SafeText[] = [text`model`, text`device`, text`size`, text`a frame`, text`whole video`];
  const rows = trials.map((trial): readonly SafeText[] => {
    const model = safeText(trial.model, { charset: look.charset, maxColumns: 40 });
    if ('error' in trial) return [model, text`failed`];
    return [
      model,
      safeText(trial.device, { charset: look.charset, maxColumns: 12 }),
      pictureSize(trial.result),
      seconds(trial.seconds),
      text`about ${duration(trial.seconds * trial.framesTotal)}`,
    ];
  });
  return [
    text`${name}: ${place}, ${pictureSize({ width, height })}`,
    text``,
    alignColumns([header, ...rows]),
    text``,
    text`The time for the whole video is an estimate: ${count(frame.framesTotal)} frames, each as long as this one.`,
    text`Frames that repeat take less; decoding and encoding, which run beside, may take more.`,
    text``,
  ].join('\n');
}

function seconds(value: number): SafeText {
  return value < 9.95 ? text`${safeText(value.toFixed(value < 1 ? 2 : 1))} s` : duration(value);
}

/** "1:23.5". */
function clock(atSeconds: number): SafeText {
  const hours = Math.floor(atSeconds / 3600);
  const minutes = Math.floor((atSeconds % 3600) / 60);
  const rest = (atSeconds % 60).toFixed(1).padStart(4, '0');
  return hours > 0 ? safeText(`${hours}:${String(minutes).padStart(2, '0')}:${rest}`) : safeText(`${minutes}:${rest}`);
}
