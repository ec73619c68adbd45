export { ffmpegVersion, listEncoders } from '../core/ffmpeg/ffmpeg.ts';
export { CONCEAL } from './completeness.ts';
export { type FilmPlan, type PlannedStream, planFilm } from './plan-film.ts';
export { type PreviewPair, PreviewTap } from './preview.ts';
export { probeVideo } from './probe.ts';
export { readFilmProvenance } from './provenance-tags.ts';
export { readVideoFrame, type VideoFrame } from './read-frame.ts';
export type { SegmentNews } from './run-segments.ts';
export { safeInput } from './safe-input.ts';
export {
  ENCODER_NAMES,
  type EncoderName,
  type VideoSettings,
  type VideoTarget,
  videoSettingsSchema,
} from './settings.ts';
export { upscaleVideo } from './upscale-video.ts';
export type { VideoInfo } from './video-info.ts';
export type { JobFacts } from './video-job.ts';
export type { VideoContext, VideoRequest, VideoResult } from './video-request.ts';
