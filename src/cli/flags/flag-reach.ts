import { abilitiesOf, choicesWithQuality, formatNamedBy, noQualityOf } from '../../core/codec/index.ts';
import { UpreelError } from '../../core/errors.ts';
import { pictureFilters, problemOfFilters } from '../../core/still/user-filters.ts';
import type { FlagValues } from '../../library/index.ts';

export type InputKind = 'image' | 'video';

/** What a flag means something for: of a value alone where that differs from the flag's others. */
type Reach = 'all' | InputKind | { readonly [value: string]: 'all' | InputKind };

/** Every flag by its name in camel case. */
export const REACH: Readonly<Record<string, Reach>> = {
  ...reaching('all', [
    ...[
      'output',
      'model',
      'preset',
      'config',
      'recursive',
      'skipExisting',
      'pre',
      'denoise',
      'colour',
      'onnxRange',
      'onnxChannels',
    ],
    ...[
      'scale',
      'size',
      'shortSide',
      'fill',
      'device',
      'precision',
      'gpu',
      'tta',
      'tile',
      'halo',
      'memory',
      'sessions',
      'threads',
    ],
    ...[
      'overwrite',
      'strip',
      'keepTimes',
      'quality',
      'lossless',
      'gray',
      'onDecodeError',
      'stallSeconds',
      'json',
      'dryRun',
      'tui',
      'bell',
      'foreground',
      'verbose',
    ],
  ]),
  crop: { auto: 'video', '*': 'all' },
  alpha: { drop: 'video', lanczos: 'image', '*': 'all' },
  ...reaching('image', ['format', 'effort', 'flatten', 'maxInputMegapixels', 'compare']),
  ...reaching('video', [
    ...['encoder', 'encoderOptions', 'reuse', 'reuseThreshold', 'deinterlace', 'ivtc', 'trim', 'fps', 'sound', 'gaps'],
    ...['post', 'steady', 'levels', 'chroma', 'depth', 'hwaccel', 'shapeChange', 'audio', 'subtitles', 'report'],
    ...['nice', 'only', 'onDone', 'workDir', 'segmentSeconds', 'restart', 'verify', 'spaceCheck'],
  ]),
};

function reaching(kind: 'all' | InputKind, names: readonly string[]): Record<string, Reach> {
  return Object.fromEntries(names.map((name) => [name, kind]));
}

/** Which kind of input a value of the command line is for; null: every kind. */
function kindOf(name: string, value: unknown): InputKind | null {
  const reach = REACH[name] ?? 'all';
  const kind = typeof reach === 'string' ? reach : (reach[String(value)] ?? reach['*'] ?? 'all');
  return kind === 'all' ? null : kind;
}

/** What was given of flags that mean something for a kind of input. */
export function givenFor(kind: InputKind, given: FlagValues): FlagValues {
  return Object.fromEntries(Object.entries(given).filter(([name, value]) => (kindOf(name, value) ?? kind) === kind));
}

/** What the command makes, as far as flags depend on it. */
interface Undertaking {
  /** Of the inputs; at least one. */
  readonly kinds: ReadonlySet<InputKind>;
  /** The file that `-o` names; null: names follow from the inputs. */
  readonly file: string | null;
  /** Whether both sides of a result are given, by whatever layer of flags. */
  readonly hasBox: boolean;
}

/**
 * Holds the flags of the command line against what they are for. Presets and the configuration may say more than
 * applies.
 * @param given by their names in camel case. @returns sentences on what has no effect on some of the inputs.
 * @throws UpreelError `usage` for what has no effect at all.
 */
export function checkReach(given: FlagValues, { kinds, file, hasBox }: Undertaking): readonly string[] {
  const warnings: string[] = [];
  for (const [name, value] of Object.entries(given)) {
    const kind = kindOf(name, value);
    if (kind === null) continue;
    const flag = spelt(name, value);
    const others = PLURALS[kind === 'video' ? 'image' : 'video'];
    if (!kinds.has(kind)) {
      throw new UpreelError('usage', `${flag} is for ${PLURALS[kind]}: it does nothing for ${others}.`, {
        hint: INSTEAD[flag] ?? 'Leave it out; upreel --help says what each flag is for.',
      });
    }
    if (kinds.size > 1) warnings.push(`${flag} is for ${PLURALS[kind]}: the ${others} are made without it.`);
  }
  if (!hasBox) refuseFill(given);
  if (!kinds.has('video')) refuseFrameFilters(given);
  checkFormat(given, file);
  const remark = kinds.has('image') ? checkQuality(given, file, kinds.has('video')) : null;
  return remark === null ? warnings : [...warnings, remark];
}

/** What does for the other kind what was wanted. */
const INSTEAD: Readonly<Record<string, string>> = {
  '--alpha drop': 'To make a picture without transparency, put a colour behind it: --flatten "#ffffff".',
  '--alpha lanczos': 'Transparency of videos goes through the network: --alpha keep.',
  '--compare': 'When it is made: upreel compare FILM RESULT --html page.html.',
  '--crop auto': 'Name the part: --crop 640x360+0+60.',
  '--depth': 'A picture keeps the bits of its source as PNG and TIFF.',
  '--format': 'The name of a video says what it is to be: -o out.mkv.',
};

const PLURALS = { image: 'pictures', video: 'videos' } as const;

/** As it was typed, as far as that can be told. */
function spelt(name: string, value: unknown): string {
  const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  if (value === false) return `--no-${flag}`;
  return typeof REACH[name] === 'object' ? `--${flag} ${value}` : `--${flag}`;
}

/** Only a box may have another shape. */
function refuseFill({ fill }: FlagValues): void {
  if (fill === undefined || fill === 'fit') return;
  throw new UpreelError('usage', `--fill ${fill} says how a box is filled, but no box is given.`, {
    hint: 'Name both of its sides: --size 1920x1080.',
  });
}

/** Filters that compare frames have nothing to do if all inputs are pictures; beside others they are passed over. */
function refuseFrameFilters({ pre }: FlagValues): void {
  if (typeof pre !== 'string' || problemOfFilters(pre, 'before') !== null) return;
  const { chain, passedOver } = pictureFilters(pre);
  if (chain !== null) return;
  throw new UpreelError(
    'usage',
    `--pre ${pre} does nothing for pictures: ${passedOver.join(' and ')} compares frames.`,
    {
      hint: 'For noise there are nlmeans, hqdn3d and median: docs/stills.md.',
    },
  );
}

/** The name of a file says what it is to be. */
function checkFormat({ format }: FlagValues, file: string | null): void {
  if (format === undefined || file === null || formatNamedBy(file) === formatNamedBy(`x.${format}`)) return;
  throw new UpreelError(
    'usage',
    `--format ${format} is for results that get their names from upreel, not for ${file}.`,
    {
      hint: 'Let the name after -o end as it should, or name a folder: -o out/',
    },
  );
}

/** @returns what is to be said where some results may have a quality. */
function checkQuality({ quality, format }: FlagValues, file: string | null, withVideos: boolean): string | null {
  if (quality === undefined) return null;
  if (file === null && format === undefined) {
    return `PNG has no --quality: it counts for animations and where --format asks for ${choicesWithQuality()}.`;
  }
  const named = formatNamedBy(file ?? `x.${format}`);
  const why = named === null ? null : noQualityOf(named);
  if (named === null || why === null) return null;
  const { name } = abilitiesOf(named);
  if (withVideos) return `--quality is for the videos: ${name} ${why}.`;
  throw new UpreelError('usage', `--quality does nothing for ${name}, which ${why}.`, {
    hint: `Leave it out, or write ${choicesWithQuality()}.`,
  });
}
