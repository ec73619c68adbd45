/** The library: `import { upscaleImage, upscaleVideo, loadModel } from 'upreel'`. */
export { type ErrorCode, type ErrorRecord, EXIT_CODES, UpreelError } from './core/errors.ts';
export type { Progress, Stage, TaskDone, TaskEvent, TaskStarted } from './core/events.ts';
export {
  type LoadModelOptions,
  loadModel,
  type Model,
  type ModelDescriptor,
  type NetworkOptions,
  type NetworkTarget,
  type NetworkVariant,
  type OnnxOptions,
  type PullEvent,
} from './core/model/index.ts';
export type { Size } from './core/pixels/geometry.ts';
export type { Raster, RasterFormat } from './core/pixels/raster.ts';
export { openUpscaler, type UpscalerOptions } from './core/upscaler/open-upscaler.ts';
export type { UpscaleOptions, Upscaler } from './core/upscaler/upscaler.ts';
export {
  type UpscaledBytes,
  type UpscaledFile,
  type UpscaleFileOptions,
  type UpscaleImageOptions,
  type UpscaleVideoOptions,
  upscaleImage,
  upscaleVideo,
} from './library/index.ts';
