import { FORMATS_WITHOUT_ORIGIN } from '../source/containers.ts';
import type { StreamPlan } from '../source/streams.ts';
import type { VideoInfo } from '../source/video-info.ts';

/**
 * Broadcast clocks start anywhere: the first stream that goes along starts at 0. All others stay as they are, but for
 * video that starts before 0, which would otherwise be cut.
 */
export function originOf({ formatName, video }: VideoInfo, streams: StreamPlan): number {
  const videoStart = video.startSeconds ?? 0;
  const isAnywhere = formatName.split(',').some((name) => FORMATS_WITHOUT_ORIGIN.includes(name));
  if (!isAnywhere) return Math.min(0, videoStart);
  return Math.min(videoStart, ...streams.order.map((entry) => entry?.source.startSeconds ?? videoStart));
}
