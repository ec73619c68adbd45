import type { ImagePlan } from '../../core/still/plan-image.ts';
import {
  bytes,
  count,
  duration,
  frameRate,
  joinText,
  pictureSize,
  type SafeText,
  safeText,
  text,
} from '../../tui/index.ts';
import type { FilmPlan, PlannedStream } from '../../video/index.ts';
import { alignColumns } from '../table.ts';

/** What `--dry-run` says of one input. */
export type DryPlan = (
  | ({ readonly kind: 'image' } & Omit<ImagePlan, 'sourcePixels'>)
  | ({ readonly kind: 'video' } & FilmPlan)
) & {
  readonly input: string;
  readonly model: string;
  /** As asked; it is not tried. */
  readonly device: string;
  /** The network's own. */
  readonly scale: number;
  /** 0: the model is here. */
  readonly bytesToFetch: number;
  /** Of the network on this machine's CPU, roughly; null: its work is not known. */
  readonly cpuSeconds: number | null;
};

export function dryText(plan: DryPlan): SafeText {
  const { input, output, source, target, model, scale, bytesToFetch, cpuSeconds, warnings } = plan;
  const fetched = bytesToFetch === 0 ? text`` : text`, to be fetched first: ${bytes(bytesToFetch)}`;
  const time = cpuSeconds === null ? text`not known before the model is here` : text`about ${duration(cpuSeconds)}`;
  const rows: [SafeText, SafeText][] = [
    [text`result`, safeText(output)],
    [text`size`, text`${pictureSize(source)} to ${pictureSize(target)}${ofPages(plan)}`],
    [text`model`, text`${safeText(model)} (${scale}x)${fetched}`],
    ...(plan.kind === 'video' ? filmRows(plan) : []),
    [text`time`, text`${time} on this CPU, for the network alone`],
    ...warnings.map((warning): [SafeText, SafeText] => [text`warning`, safeText(warning)]),
  ];
  const table = alignColumns(rows, { indent: '  ' });
  return joinText([text`${safeText(input)} would be upscaled:`, table], '\n' as SafeText);
}

function ofPages(plan: DryPlan): SafeText {
  if (plan.kind === 'video') return text`, ${count(plan.frames)} frames, ${frameRate(plan.framesPerSecond)}`;
  return plan.pages === 1 ? text`` : text`, ${count(plan.pages)} pages`;
}

function filmRows(plan: FilmPlan): [SafeText, SafeText][] {
  const { encoder, pixelFormat, streams, segmentBytes, resultBytes } = plan;
  return [
    [text`encoder`, text`${safeText(encoder)}, ${safeText(pixelFormat)}`],
    ...streams.map((stream): [SafeText, SafeText] => [text`stream ${stream.index}`, streamText(stream)]),
    [text`space`, text`about ${bytes(resultBytes)}, and ${bytes(segmentBytes)} while it works`],
  ];
}

function streamText({ kind, codec, becomes, to }: PlannedStream): SafeText {
  const how = to === undefined ? safeText(becomes) : text`${safeText(becomes)} to ${safeText(to)}`;
  return text`${safeText(kind)} ${safeText(codec)}: ${how}`;
}
