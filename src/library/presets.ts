import { UpreelError } from '../core/errors.ts';
import { nearestIds } from '../core/model/index.ts';

/** Values of flags by their names in camel case, as the command line's parser gives them. */
export type FlagValues = Readonly<Record<string, unknown>>;

/** What holds for every input, and what only for pictures or only for videos. */
export interface FlagBundle {
  readonly both: FlagValues;
  readonly pictures: FlagValues;
  readonly video: FlagValues;
}

export interface Preset extends FlagBundle {
  /** What it is for, in a few words. */
  readonly suits: string;
}

/** upreel's own presets (docs/presets.md). Names of values are those of the flags, in camel case. */
export const PRESETS: Readonly<Record<string, Preset>> = {
  photo: {
    suits: 'photos and films of today, where quality matters more than time',
    both: {},
    pictures: { model: 'realesrgan-x4plus' },
    video: { model: 'realesr-general-x4v3' },
  },
  grain: {
    suits: 'grain that is to stay, faces without plastic, film without white rims',
    both: { model: 'realesr-general-x4v3', denoise: 0.25 },
    pictures: {},
    video: {},
  },
  best: {
    suits: 'single pictures, at eight times the work of photo',
    both: { model: 'realesrgan-x4plus', tta: true },
    pictures: {},
    video: {},
  },
  'old-photo': {
    suits: 'scanned and old photos: noise, grain, paper, stains of compression',
    both: {},
    pictures: { model: 'realesrgan-x4plus' },
    video: { model: 'realesr-general-x4v3' },
  },
  halftone: {
    suits: 'scanned print whose dots are 3 to 4.5 pixels apart',
    both: { model: 'realesr-general-x4v3' },
    // A third of the distance between the dots, and half of it; sharper networks make weaves of the dots that are left.
    pictures: { pre: 'gblur=sigma=1.3,median=radius=2' },
    video: {},
  },
  'old-film': {
    suits: 'film on video: telecine undone, flicker and grain calmed, black borders cut',
    both: { model: 'realesr-general-x4v3' },
    pictures: {},
    video: {
      ...{ deinterlace: 'auto', ivtc: 'auto', crop: 'auto', pre: 'deflicker=size=5,hqdn3d=2:1.5:4:3' },
      steady: 0.8,
    },
  },
  vhs: {
    suits: 'tape: interlaced, with noisy colour and levels beyond black and white',
    both: { model: 'realesr-general-x4v3' },
    pictures: { pre: 'chromanr=thres=40:sizew=11:sizeh=11' },
    video: { deinterlace: 'auto', levels: 'clip', pre: 'chromanr=thres=40,hqdn3d=3:3:5:5', steady: 0.8 },
  },
  dvd: {
    suits: 'DVD and old television: fields and telecine undone, blocks smoothed',
    both: { model: 'realesr-general-x4v3' },
    pictures: {},
    video: { deinterlace: 'auto', ivtc: 'auto', crop: 'auto', pre: 'deblock=filter=weak:block=8' },
  },
  anime: {
    suits: 'anime and drawings',
    both: {},
    pictures: { model: 'realesrgan-x4plus-anime' },
    video: { model: 'realesr-animevideov3-x2', ivtc: 'auto' },
  },
  'old-cartoon': {
    suits: 'animation from film: flicker and grain calmed, black borders cut',
    both: {},
    pictures: { model: 'realesrgan-x4plus-anime' },
    video: {
      model: 'realesr-animevideov3-x2',
      deinterlace: 'auto',
      ivtc: 'auto',
      crop: 'auto',
      pre: 'deflicker=size=5,hqdn3d=3:2:6:4',
    },
  },
};

/** `none` is the wish for no preset, where the configuration has one by default. */
export const NO_PRESET = 'none';

/**
 * The preset of a name, the user's own before upreel's; null for `none` and where no name is given.
 * @throws UpreelError `usage`, with names that look alike.
 */
export function findPreset(name: string | undefined, own: Readonly<Record<string, Preset>>): Preset | null {
  if (name === undefined || name === NO_PRESET) return null;
  for (const presets of [own, PRESETS]) if (Object.hasOwn(presets, name)) return presets[name]!;
  const near = nearestIds(name, Object.keys({ ...PRESETS, ...own }));
  throw new UpreelError('usage', `There is no preset "${name}".`, {
    hint: `${near.length > 0 ? `Did you mean ${near.join(' or ')}? ` : ''}See upreel presets.`,
  });
}

/** The presets that use a model, with what they use it for: "photo (pictures), old-film". */
export function presetsWith(model: string, presets: Readonly<Record<string, Preset>>): string {
  const uses = Object.entries(presets).flatMap(([name, { both, pictures, video }]) => {
    const forPictures = (pictures.model ?? both.model) === model;
    const forVideo = (video.model ?? both.model) === model;
    if (forPictures && forVideo) return [name];
    return forPictures ? [`${name} (pictures)`] : forVideo ? [`${name} (video)`] : [];
  });
  return uses.join(', ');
}
