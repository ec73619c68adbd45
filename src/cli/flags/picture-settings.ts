import { UpreelError } from '../../core/errors.ts';
import type { Rect } from '../../core/pixels/geometry.ts';
import { type AlphaMethod, type PictureSettings, pictureSettingsSchema } from '../../core/still/picture-settings.ts';
import { checkedFilters } from '../../core/still/user-filters.ts';
import { presetOf, type UpscaleFlags } from './upscale-options.ts';
import { parseCrop } from './video-options.ts';

/** @throws UpreelError `usage` for what pictures do not take. */
export function pictureSettings(flags: UpscaleFlags): PictureSettings {
  return pictureSettingsSchema.parse({
    ...flags,
    preset: presetOf(flags),
    crop: pictureCrop(flags),
    pre: flags.pre === undefined ? null : checkedFilters(flags.pre, '--pre'),
    alpha: pictureAlpha(flags),
  });
}

/** @throws UpreelError `usage` for what only videos can do. */
function pictureAlpha({ alpha }: UpscaleFlags): AlphaMethod {
  if (alpha === 'drop') {
    throw new UpreelError('usage', '--alpha takes network or lanczos for pictures, got "drop".', {
      hint: 'To write a picture without transparency, put a colour behind it: --flatten "#ffffff".',
    });
  }
  return alpha === 'lanczos' ? 'lanczos' : 'network';
}

/** Borders are found in films alone. @throws UpreelError `usage` for no place. */
function pictureCrop({ crop = 'off' }: UpscaleFlags): Rect | null {
  const parsed = parseCrop(crop);
  return typeof parsed === 'string' ? null : parsed;
}
