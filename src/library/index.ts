export { type UpscaledBytes, type UpscaledFile, upscaleImage, upscaleVideo } from './library.ts';
export type { UpscaleFileOptions, UpscaleImageOptions, UpscaleVideoOptions } from './options.ts';
export {
  type FlagBundle,
  type FlagValues,
  findPreset,
  NO_PRESET,
  PRESETS,
  type Preset,
  presetsWith,
} from './presets.ts';
