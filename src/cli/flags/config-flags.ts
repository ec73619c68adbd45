import { UpreelError } from '../../core/errors.ts';
import { queueingOf } from './job-options.ts';
import { parseUpscaleFlags, targetOf, upscaleFlags } from './upscale-options.ts';
import { videoSettings } from './video-settings.ts';

/** A flag that the configuration may set. */
export interface SettableFlag {
  /** In camel case, as the parser of the command line has it. */
  readonly name: string;
  /** What is wrong with a value, as a clause; null: nothing. */
  problemWith(value: unknown): string | null;
}

/** By their names in the file: `tile` for --tile, `reuse` for --no-reuse. */
export function settableFlags(): ReadonlyMap<string, SettableFlag> {
  const options = upscaleFlags().filter((option) => !option.hidden && !NEVER.has(option.attributeName()));
  return new Map(
    options.map((option) => {
      const key = option.long!.replace(/^--(no-)?/, '');
      const name = option.attributeName();
      return [key, { name, problemWith: (value) => problemOf(key, name, value) }];
    }),
  );
}

/** What belongs to one run alone, or what nobody should do by default. */
const NEVER = new Set([
  ...['output', 'overwrite', 'recursive', 'skipExisting', 'trim', 'sound', 'report', 'restart', 'config'],
  ...['json', 'tui', 'foreground', 'verbose', 'dryRun'],
]);

function problemOf(key: string, name: string, value: unknown): string | null {
  try {
    const flags = parseUpscaleFlags({ [name]: value });
    targetOf(flags);
    queueingOf(flags);
    videoSettings(name === 'alpha' ? { ...flags, alpha: undefined } : flags);
    return null;
  } catch (error) {
    if (!(error instanceof UpreelError)) throw error;
    return error.message.replace(/^--(no-)?[a-z-]+/, key);
  }
}
