import { UpreelError } from '../../core/errors.ts';
import type { Rect, Size } from '../../core/pixels/geometry.ts';
import { looksBack } from '../../core/still/user-filters.ts';
import type { Rational } from '../rational.ts';
import type { VideoSettings } from '../settings.ts';
import { isRgbFormat } from '../source/colour.ts';
import { type FieldPlan, planFields } from '../source/field-plan.ts';
import type { PictureMeasure } from '../source/measure.ts';
import type { StreamWarning } from '../source/streams.ts';
import { planTrim, trimFilter } from '../source/trim.ts';
import type { VideoInfo, VideoStream } from '../source/video-info.ts';
import type { PicturePlan } from './picture-plan.ts';
import { rotationFilters } from './rotation.ts';

/**
 * @param originSeconds where the result's clock starts on the source's.
 * @throws UpreelError `usage` for a part that the film or its picture does not have.
 */
export function planPicture(
  source: VideoInfo,
  settings: VideoSettings,
  measure: PictureMeasure | null,
  originSeconds: number,
): PicturePlan {
  const { video } = source;
  const { plan: fields, finding } = planFields(video, settings, measure?.fields ?? null);
  const turnsByFilter = fields.kind !== 'frames' && video.rotationDegrees !== 0;
  const crop = planCrop(video.size, settings.crop, measure?.contentBox ?? null);
  const trim = planTrim(settings.trim, originSeconds, video.timeBase);
  const filters = [
    ...(trim === null ? [] : [trimFilter(trim)]),
    ...fieldFilters(fields, video.frameRate),
    ...(turnsByFilter ? rotationFilters(video.rotationDegrees) : []),
    ...(settings.pre === null ? [] : [settings.pre]),
    ...(settings.fps === null ? [] : [`fps=${settings.fps.num}/${settings.fps.den}`]),
  ];
  const levels = planLevels(video, settings.levels, measure?.outOfRangeShare ?? 0);
  const gray = planGray(video, settings.gray, measure?.isGray ?? false);
  return Object.freeze({
    fields,
    trim,
    filters,
    turnsByFilter,
    crop,
    size: crop ?? video.size,
    headroom: levels.headroom,
    alpha: settings.alpha === 'keep' && video.hasAlpha,
    gray: gray.isGray,
    frameRate: frameRateOf(video, fields, settings.fps),
    timeBase: timeBaseOf(video, fields, settings.fps),
    keepsFrames: settings.fps === null && (fields.kind === 'frames' || isFrameForFrame(fields)),
    framesBefore: countBefore(fields, settings),
    warnings: [
      ...(finding === null ? [] : [{ code: 'fields', message: finding }]),
      ...(levels.finding === null ? [] : [{ code: 'levels', message: levels.finding }]),
      ...(gray.finding === null ? [] : [{ code: 'gray', message: gray.finding }]),
      ...warnOfCrop(settings, crop),
      ...warnOfRate(settings.fps),
    ],
  });
}

function isFrameForFrame(fields: FieldPlan): boolean {
  return fields.kind === 'deinterlace' && fields.output === 'frames';
}

/** fps counts from the film's first frame, decimate in fives, and some filters remember all that they saw. */
function countBefore(fields: FieldPlan, { fps, pre }: VideoSettings): number | null {
  if (fps !== null || fields.kind === 'film' || looksBack(pre)) return null;
  return fields.kind === 'frames' ? 0 : 2;
}

function planLevels(
  { colour, pixelFormat, bitsPerSample }: VideoStream,
  asked: VideoSettings['levels'],
  outOfRangeShare: number,
): { readonly headroom: boolean; readonly finding: string | null } {
  const isLimited = !isRgbFormat(pixelFormat) && colour.range !== 'pc' && !pixelFormat.startsWith('yuvj');
  if (!isLimited) return { headroom: false, finding: null };
  if (asked !== 'auto') return { headroom: asked === 'keep', finding: null };
  if (outOfRangeShare < OUT_OF_RANGE_SHARE) return { headroom: false, finding: null };
  const scale = 2 ** (bitsPerSample - 8);
  const finding =
    `${(100 * outOfRangeShare).toFixed(1)} % of the samples are below black (${16 * scale}) or above white ` +
    `(${235 * scale}): they are kept. --levels clip gives the network the full contrast instead.`;
  return { headroom: true, finding };
}

/** Ringing of codecs leaves up to 0.4 % outside in clips that mean nothing by it. */
const OUT_OF_RANGE_SHARE = 0.005;

function planGray(
  { pixelFormat }: VideoStream,
  asked: VideoSettings['gray'],
  looksGray: boolean,
): { readonly isGray: boolean; readonly finding: string | null } {
  if (asked === 'off') return { isGray: false, finding: null };
  // There is nothing to be said of what has no colours to begin with.
  if (/^(gray|ya\d)/.test(pixelFormat)) return { isGray: true, finding: null };
  if (asked === 'on') return { isGray: true, finding: 'The result is gray, as asked.' };
  const finding = 'No colour was found in the film: it stays gray. --gray off lets the network see three channels.';
  return looksGray ? { isGray: true, finding } : { isGray: false, finding: null };
}

function planCrop(size: Size, crop: VideoSettings['crop'], content: Rect | null): Rect | null {
  if (crop === 'off') return null;
  if (crop === 'auto') {
    if (content === null) return null;
    const isWhole = content.width >= size.width - BORDER_NOISE_PX && content.height >= size.height - BORDER_NOISE_PX;
    return isWhole ? null : content;
  }
  if (crop.x + crop.width <= size.width && crop.y + crop.height <= size.height) return crop;
  const { width, height, x, y } = crop;
  throw new UpreelError('usage', `--crop ${width}x${height}+${x}+${y} goes beyond the picture.`, {
    hint: `The picture has ${size.width}x${size.height} pixels, after rotation.`,
  });
}

/** Borders so thin are dark edges of the picture. */
const BORDER_NOISE_PX = 3;

function fieldFilters(fields: FieldPlan, frameRate: Rational): string[] {
  switch (fields.kind) {
    case 'frames':
      return [];
    case 'deinterlace': {
      const mode = fields.output === 'fields' ? 'send_field' : 'send_frame';
      return [`bwdif=mode=${mode}:parity=${fields.order ?? 'auto'}:deint=all`];
    }
    case 'film':
      return [
        // The pattern is found by counting, so nothing may be missing or double, whatever the source's times say.
        `fps=${frameRate.num}/${frameRate.den}`,
        // A unit in which 4 of 5 frames fall on whole numbers.
        `settb=1/${filmTimeBase(frameRate).den}`,
        `fieldmatch=order=${fields.order ?? 'auto'}:combmatch=full`,
        // What found no match (cuts, credits laid over the film) is combed still.
        'bwdif=mode=send_frame:parity=auto:deint=interlaced',
        'decimate',
      ];
  }
}

function filmTimeBase(frameRate: Rational): Rational {
  return { num: 1, den: 4 * frameRate.num };
}

function timeBaseOf({ timeBase, frameRate }: VideoStream, fields: FieldPlan, fps: Rational | null): Rational {
  if (fps !== null) return { num: fps.den, den: fps.num };
  if (fields.kind === 'film') return filmTimeBase(frameRate);
  const isBob = fields.kind === 'deinterlace' && fields.output === 'fields';
  return isBob ? { num: timeBase.num, den: 2 * timeBase.den } : timeBase;
}

function frameRateOf({ frameRate }: VideoStream, fields: FieldPlan, fps: Rational | null): Rational | null {
  if (fps !== null) return fps;
  if (fields.kind === 'film') return { num: 4 * frameRate.num, den: 5 * frameRate.den };
  const isBob = fields.kind === 'deinterlace' && fields.output === 'fields';
  return isBob ? { num: 2 * frameRate.num, den: frameRate.den } : null;
}

function warnOfCrop(settings: VideoSettings, crop: Rect | null): StreamWarning[] {
  if (settings.crop !== 'auto') return [];
  if (crop === null) return [{ code: 'crop', message: 'No black borders were found: nothing is cut away.' }];
  const { width, height, x, y } = crop;
  return [{ code: 'crop', message: `Black borders are cut away: ${width}x${height}+${x}+${y} is left.` }];
}

function warnOfRate(fps: Rational | null): StreamWarning[] {
  if (fps === null) return [];
  const message = `Frames are repeated or left out to give ${fps.num}${fps.den === 1 ? '' : `/${fps.den}`} a second.`;
  return [{ code: 'frame-rate', message }];
}
