import { type Size, scaleSize } from '../../core/pixels/geometry.ts';
import { markable } from '../encode/colour-tags.ts';
import { type EncoderPlan, planEncoder } from '../encode/encoders.ts';
import { frameFormat } from '../frames/frame.ts';
import { toSeconds } from '../rational.ts';
import type { VideoSettings } from '../settings.ts';
import type { Colour } from '../source/colour.ts';
import {
  isMatrixReplaced,
  isRgbFormat,
  limitedRange,
  resolveColour,
  rgbColour,
  withHeadroom,
} from '../source/colour.ts';
import { containerFor } from '../source/containers.ts';
import { describeDynamic, type HdrMetadata } from '../source/hdr.ts';
import type { PacketScan } from '../source/scan.ts';
import { planStreams, type StreamWarning } from '../source/streams.ts';
import { planTimecode } from '../source/timecode.ts';
import type { VideoInfo } from '../source/video-info.ts';
import type { FrameList } from './frame-list.ts';
import { originOf } from './origin.ts';
import type { PicturePlan } from './picture-plan.ts';
import type { PreparedPicture } from './prepare-picture.ts';
import { planTarget } from './target.ts';
import type { VideoPlan } from './video-plan.ts';

/** @throws UpreelError `usage` if the output's container or the encoder does not fit. */
export function planVideo(
  source: VideoInfo,
  scan: PacketScan,
  request: { readonly output: string; readonly settings: VideoSettings },
  networkScale: number,
  { picture, frames, hdr }: PreparedPicture,
): VideoPlan {
  const { settings, output } = request;
  const { video } = source;
  const container = containerFor(output);
  const encoder = planEncoder(settings, video, container, hdr);
  const colour = resolveColour(video.colour, video.size, video.pixelFormat);
  const networkSize = scaleSize(picture.size, networkScale);
  const { sampleAspectRatio } = video;
  const isRgb = isRgbFormat(encoder.pixelFormat);
  const target = planTarget({ size: picture.size, sampleAspectRatio }, networkScale, settings, isRgb ? 1 : 2);
  const streams = planStreams(source, container, settings);
  const frameRate = picture.frameRate ?? video.frameRate;
  const timecode = planTimecode(source, scan, frames, frameRate, container);
  const { colour: resultColour, warnings: tagWarnings } = resultColourOf(colour, picture, encoder);
  return Object.freeze({
    source,
    scan,
    output,
    picture,
    frames,
    frameRate,
    container,
    encoder,
    sourceColour: picture.headroom ? withHeadroom(colour) : colour,
    resultColour,
    format: frameFormat(Math.max(video.bitsPerSample, Number(settings.depth) || 0)),
    networkSize,
    target,
    encodedSize: encoder.needsEvenSize ? evenSize(target.size) : target.size,
    postFilters: settings.post,
    shiftSeconds: picture.trim?.startSeconds ?? originOf(source, streams),
    reuse: { reuse: settings.reuse, reuseThreshold: settings.reuseThreshold },
    steady: settings.steady,
    streams,
    timecode: timecode.start,
    ledger: null,
    concealsErrors: settings.onDecodeError === 'conceal',
    // Only what was proven (prove-hwaccel.ts).
    hwaccel: null,
    warnings: [
      ...streams.warnings,
      ...timecode.warnings,
      ...picture.warnings,
      ...warnOfRepeats(scan, picture, frames),
      ...warnOfMatrix(source, colour),
      ...tagWarnings,
      ...warnOfPicture(source, picture, hdr, encoder),
      ...(container.holds === 'pictures' ? warnOfTimes(frames) : []),
    ],
  });
}

function resultColourOf(colour: Colour, { headroom }: PicturePlan, encoder: EncoderPlan): ReturnType<typeof markable> {
  if (isRgbFormat(encoder.pixelFormat)) return { colour: rgbColour(colour), warnings: [] };
  const stored = encoder.storesFullRange ? colour : limitedRange(colour);
  return markable(headroom ? withHeadroom(colour) : stored, encoder.tags, encoder.name);
}

function warnOfMatrix({ video: { colour, pixelFormat } }: VideoInfo, { tags }: Colour): StreamWarning[] {
  if (!isMatrixReplaced(colour, pixelFormat)) return [];
  const message = `ffmpeg cannot convert the video's matrix (${colour.matrix}): it is taken for ${tags.matrix}, so colours may differ.`;
  return [{ code: 'colour-tags', message }];
}

/** No damage, but the result has fewer frames than other programs count. */
function warnOfRepeats(
  { packets }: PacketScan,
  { keepsFrames, trim }: PicturePlan,
  frames: FrameList,
): StreamWarning[] {
  const repeats = packets - frames.count;
  if (!keepsFrames || trim !== null || !frames.isExact || repeats <= 0) return [];
  const message = `${repeats} of ${packets} packets of the video mean "as before": the picture before them is shown for as long.`;
  return [{ code: 'frames-hidden', message }];
}

/** Numbered pictures and Y4M know one rate. */
function warnOfTimes({ ptsTicks, timeBase }: FrameList): StreamWarning[] {
  const steps = Array.from(ptsTicks.subarray(1), (ticks, index) => toSeconds(ticks - (ptsTicks[index] ?? 0), timeBase));
  const [shortest, longest] = steps.reduce(
    ([least, most], step) => [Math.min(least!, step), Math.max(most!, step)],
    [Number.POSITIVE_INFINITY, 0],
  );
  // Containers that count in milliseconds have steps of 41 and 42.
  if (!(longest! - shortest! > 0.0021)) return [];
  const message =
    'The frames come at varying times, which pictures do not hold: add --fps 30, for example, to keep pace.';
  return [{ code: 'times-dropped', message }];
}

function evenSize({ width, height }: Size): Size {
  return { width: width + (width % 2), height: height + (height % 2) };
}

function warnOfPicture(
  { video }: VideoInfo,
  picture: PicturePlan,
  hdr: HdrMetadata,
  encoder: EncoderPlan,
): StreamWarning[] {
  const warnings: StreamWarning[] = [];
  if (video.hasAlpha && !picture.alpha) {
    warnings.push({
      code: 'alpha-dropped',
      message: 'The transparency of the video is left out; --alpha keep takes it along.',
    });
  }
  const lost = [
    ...(hdr.mastering !== null && !encoder.carriesHdr ? ['the mastering display'] : []),
    ...(hdr.light !== null && !encoder.carriesHdr ? ['the content light level'] : []),
    ...describeDynamic(hdr),
  ];
  if (lost.length > 0) {
    const hint = hdr.dynamic.length > 0 || encoder.carriesHdr ? '' : ' libx265 and libsvtav1 keep static metadata.';
    warnings.push({ code: 'hdr-metadata', message: `HDR metadata that is left out: ${lost.join(', ')}.${hint}` });
  }
  return warnings;
}
