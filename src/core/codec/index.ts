export { checkPicture, createPicture, type PicturePlan, type PictureSink } from './create.ts';
export type { DecodedPicture, PictureReader } from './decode.ts';
export { extensionFor, FORMAT_CHOICES, type FormatChoice } from './format-choice.ts';
export { DEFAULT_PICTURE_LIMITS, type PictureInfo, type PictureLimits } from './inspect.ts';
export { codecVersions } from './libvips.ts';
export { losslessTile } from './lossless-tile.ts';
export { madeIn } from './made.ts';
export { NO_METADATA, type PictureMetadata } from './metadata.ts';
export { inspectPicture, isAnimation, openPicture } from './open-picture.ts';
export {
  EFFORTS,
  type Effort,
  FORMAT_ABILITIES,
  type FormatAbilities,
  formatNamedBy,
  type OutputFormat,
  outputFormatOf,
} from './output-format.ts';
export { PICTURE_EXTENSIONS, type PictureFormat } from './picture-kinds.ts';
export { openResampler, type Resampler, resamplePixels } from './resampled.ts';
export { resize } from './resize.ts';
export { divideByAlpha, joinAlpha, narrowSamples, splitAlpha } from './samples.ts';
export { pictureKindOf } from './sniff.ts';
export { textPixels } from './text-pixels.ts';
export { addMade, readMade } from './xmp-made.ts';
