import { UpreelError } from '../core/errors.ts';
import { nearestOf } from '../core/nearest.ts';
import { pictureSettingsSchema } from '../core/still/picture-settings.ts';
import { videoSettingsSchema } from '../video/index.ts';
import type { UpscaleFileOptions, UpscaleImageOptions, UpscaleVideoOptions } from './options.ts';
import { findPreset, NO_PRESET } from './presets.ts';

type Names<Options> = Readonly<Record<keyof Options, true>>;

const FILE_OPTIONS: Names<UpscaleFileOptions> = {
  output: true,
  preset: true,
  model: true,
  denoise: true,
  target: true,
  onnx: true,
  device: true,
  precision: true,
  tilePx: true,
  ...{
    haloPx: true,
    gpus: true,
    threads: true,
    nice: true,
    ensemble: true,
    colour: true,
    memoryBytes: true,
    overwrite: true,
  },
  keepTimes: true,
  strip: true,
  quality: true,
  signal: true,
  onEvent: true,
};

export const PICTURE_OPTIONS: Names<UpscaleImageOptions> = {
  ...namesIn<Omit<UpscaleImageOptions, keyof UpscaleFileOptions>>(pictureSettingsSchema.unwrap().shape),
  ...FILE_OPTIONS,
};

export const VIDEO_OPTIONS: Names<UpscaleVideoOptions> = {
  ...namesIn<Omit<UpscaleVideoOptions, keyof UpscaleFileOptions | 'only' | 'onDone'>>(
    videoSettingsSchema.unwrap().shape,
  ),
  ...FILE_OPTIONS,
  only: true,
  onDone: true,
};

function namesIn<Options>(shape: object): Names<Options> {
  return Object.fromEntries(Object.keys(shape).map((name) => [name, true])) as Names<Options>;
}

/** Flags of presets whose options have other names. */
const RENAMED: Readonly<Record<string, string>> = { tta: 'ensemble' };

/**
 * The options as they are meant: those of the preset below those that were given.
 * @param known names that there are. @throws UpreelError `usage`, naming an option or preset that there is not, with
 * what
 *   it may have been, and for a value of `nice` that is none.
 */
export function checkedOptions<Options extends UpscaleFileOptions>(
  kind: 'pictures' | 'video',
  given: Options,
  known: Names<Options>,
): Options {
  const names = Object.keys(known);
  const options = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown !== undefined) throw unknownOption(unknown, names);
  const { nice } = given;
  if (nice !== undefined && !(Number.isInteger(nice) && nice >= 0 && nice <= 19)) {
    throw new UpreelError('usage', `The option nice cannot be ${nice}: it takes a whole number from 0 to 19.`);
  }
  const preset = findPreset(given.preset, {});
  if (preset === null) return without(options, given.preset === NO_PRESET ? ['preset'] : []) as Options;
  const bundle = { ...preset.both, ...preset[kind] };
  const renamed = Object.entries(bundle).map(([name, value]) => [RENAMED[name] ?? name, value]);
  // What is said of the preset's model does not hold for another.
  const isOther = given.model !== undefined && given.model !== bundle.model;
  return { ...without(Object.fromEntries(renamed), isOther ? ['denoise'] : []), ...options } as Options;
}

function without(values: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !names.includes(name)));
}

function unknownOption(name: string, names: readonly string[]): UpreelError {
  const near = nearestOf(
    name,
    names.map((known) => known.toLowerCase()),
  );
  const meant = names.find((known) => known.toLowerCase() === near);
  return new UpreelError('usage', `There is no option ${JSON.stringify(name)}.`, {
    hint: `${meant === undefined ? '' : `Did you mean ${meant}? `}docs/library.md lists the options.`,
  });
}
