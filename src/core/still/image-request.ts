import type { OutputRule, Target } from '../files/output-name.ts';
import type { PictureSettings } from './picture-settings.ts';

/** One still picture (or animation, or sheaf of pages) to upscale. */
export interface ImageRequest extends PictureSettings {
  readonly input: string;
  readonly output: OutputRule;
  readonly target: Target;
}
