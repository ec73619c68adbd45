export { ffmpegVersion, listEncoders, requireFfmpeg } from '../core/ffmpeg/ffmpeg.ts';
export { readVideoFrame, type VideoFrame } from './decode/read-frame.ts';
export { readFilmProvenance } from './finish/provenance-tags.ts';
export type { JobContext } from './job-context.ts';
export { type FilmPlan, type PlannedStream, planFilm } from './plan-film.ts';
export { type PreviewPair, PreviewTap } from './preview.ts';
export type { SegmentNews } from './segment/run-segments.ts';
export {
  ENCODER_NAMES,
  type EncoderName,
  type VideoSettings,
  type VideoTarget,
  videoSettingsSchema,
} from './settings.ts';
export { type EndedFilm, endSharedFilm } from './shared/end-film.ts';
export { type MadeSegment, makeSharedSegment } from './shared/make-segment.ts';
export { previewSegment } from './shared/preview-segment.ts';
export { type OpenSharedFilm, openSharedFilm } from './shared/shared-film.ts';
export { type SubmittedFilm, submitFilm } from './shared/submit-film.ts';
export { CONCEAL } from './source/completeness.ts';
export { probeVideo } from './source/probe.ts';
export { safeInput } from './source/safe-input.ts';
export type { VideoInfo } from './source/video-info.ts';
export { upscaleFilm } from './upscale-video.ts';
export type { VideoContext, VideoRequest, VideoResult } from './video-request.ts';
