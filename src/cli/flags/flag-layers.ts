import { type FlagBundle, type FlagValues, findPreset } from '../../library/index.ts';
import { type Config, NO_CONFIG, readConfigFile } from './config-file.ts';
import { givenFor, type InputKind } from './flag-reach.ts';
import { parseUpscaleFlags, type UpscaleFlags } from './upscale-options.ts';

/** The flags of one run: those of the command line over the preset's over the configuration's. */
export interface FlagLayers {
  /** @throws UpreelError `usage`, naming the flag, or the preset that does not exist. */
  flagsFor(kind: InputKind): UpscaleFlags;
}

/** @throws UpreelError `usage` for a configuration that is not as it should be. */
export async function readFlagLayers(raw: Readonly<Record<string, unknown>>): Promise<FlagLayers> {
  const given = givenFlags(raw);
  const config = raw.config === false ? NO_CONFIG : await readConfigFile();
  const known = new Map<InputKind, UpscaleFlags>();
  return {
    flagsFor(kind) {
      const flags = known.get(kind) ?? parseUpscaleFlags(layered(kind, givenFor(kind, given), config));
      known.set(kind, flags);
      return flags;
    },
  };
}

/** What was said on the command line: `--no-X` leaves a true behind where it was not. */
export function givenFlags(raw: Readonly<Record<string, unknown>>): FlagValues {
  return Object.fromEntries(
    Object.entries(raw).filter(([name, value]) => value !== undefined && !(NEGATABLE.has(name) && value === true)),
  );
}

const NEGATABLE = new Set(['tui', 'reuse', 'spaceCheck', 'config']);

/** Lower layers first; what the last of them says of a flag holds. */
export function layered(kind: InputKind, given: FlagValues, { defaults, presets }: Config): FlagValues {
  const own = over(givenFor(kind, defaults.both), partFor(kind, defaults));
  const name = (given.preset ?? own.preset) as string | undefined;
  const preset = findPreset(name, presets);
  const base = preset === null ? own : over(over(own, givenFor(kind, preset.both)), partFor(kind, preset));
  return over(base, given);
}

function partFor(kind: InputKind, { pictures, video }: FlagBundle): FlagValues {
  return kind === 'image' ? pictures : video;
}

/** Some flags stand for one choice: a factor and a size, a model and what is said of it. */
function over(lower: FlagValues, upper: FlagValues): FlagValues {
  const replaced = new Set<string>();
  for (const group of ONE_CHOICE) {
    if (group.some((name) => upper[name] !== undefined)) for (const name of group) replaced.add(name);
  }
  if (upper.model !== undefined && upper.model !== lower.model) for (const name of OF_THE_MODEL) replaced.add(name);
  return { ...Object.fromEntries(Object.entries(lower).filter(([name]) => !replaced.has(name))), ...upper };
}

const ONE_CHOICE = [
  ['scale', 'size', 'shortSide'],
  ['skipExisting', 'overwrite'],
];
const OF_THE_MODEL = ['denoise', 'onnxRange', 'onnxChannels'];
