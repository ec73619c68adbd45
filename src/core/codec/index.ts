export { PICTURE_EXTENSIONS, type PictureFormat } from './formats/list.ts';
export { codecVersions } from './libvips.ts';
export { NO_METADATA, type PictureMetadata } from './metadata/metadata.ts';
export { addMade, readMade } from './metadata/xmp-made.ts';
export type { DecodedPicture, PictureReader } from './read/decode.ts';
export { DEFAULT_PICTURE_LIMITS, type PictureInfo, type PictureLimits } from './read/inspect.ts';
export { madeIn } from './read/made.ts';
export { inspectPicture, isAnimation, openPicture } from './read/open-picture.ts';
export { pictureKindOf } from './read/sniff.ts';
export { openResampler, type Resampler, resamplePixels } from './resize/resampled.ts';
export { resize } from './resize/resize.ts';
export { divideByAlpha, joinAlpha, narrowSamples, splitAlpha } from './samples.ts';
export { textPixels } from './text-pixels.ts';
export { checkPicture, createPicture } from './write/create.ts';
export { extensionFor, FORMAT_CHOICES, type FormatChoice } from './write/format-choice.ts';
export { losslessTile } from './write/lossless-tile.ts';
export {
  EFFORTS,
  type Effort,
  FORMAT_ABILITIES,
  type FormatAbilities,
  formatNamedBy,
  type OutputFormat,
  outputFormatOf,
} from './write/output-format.ts';
export type { PictureFilePlan, PictureSink } from './write/picture-file-plan.ts';
