import { join } from 'node:path';
import envPaths from 'env-paths';
import { parse, TomlError } from 'smol-toml';
import { UpreelError } from '../../core/errors.ts';
import { nearestIds } from '../../core/model/index.ts';
import { readOwnFile } from '../../core/own-folder/index.ts';
import { type FlagBundle, NO_PRESET, type Preset } from '../../library/index.ts';
import { settableFlags } from './config-flags.ts';

/** What the configuration file says. */
export interface Config {
  readonly defaults: FlagBundle;
  readonly presets: Readonly<Record<string, Preset>>;
  /** Where a fleet meets. */
  readonly fleet: { readonly queue?: string; readonly store?: string; readonly prefix?: string };
}

const NOTHING: FlagBundle = { both: {}, pictures: {}, video: {} };
export const NO_CONFIG: Config = { defaults: NOTHING, presets: {}, fleet: {} };

/** `$XDG_CONFIG_HOME/upreel/config.toml`, or where the platform keeps such files. */
export function configPath(): string {
  return join(envPaths('upreel', { suffix: '' }).config, 'config.toml');
}

/** A configuration that somebody wrote by hand is a thousandth of it. */
const MAX_BYTES = 1024 * 1024;

/**
 * Reads the configuration; without a file there is nothing in it.
 * @throws UpreelError `place-untrusted` if others may write to it; `usage`, naming the file, the line, what is wrong
 * and what was expected.
 */
export async function readConfigFile(path: string = configPath()): Promise<Config> {
  const hint = `Make it your own (chown, chmod go-w ${path}), or add --no-config.`;
  const text = await readOwnFile(path, { hint, maxBytes: MAX_BYTES }).catch((error: unknown) => {
    if (error instanceof UpreelError) throw error;
    throw new UpreelError('usage', `The configuration ${path} cannot be read.`, {
      hint: 'Check its permissions, or add --no-config.',
      cause: error,
    });
  });
  return text === null ? NO_CONFIG : parseConfig(text, path);
}

/** @throws UpreelError as `readConfig`. */
export function parseConfig(text: string, path: string): Config {
  const place: Place = { path, lines: text.split('\n') };
  const root = parseToml(text, place);
  for (const name of Object.keys(root)) {
    if (!TABLES.includes(name)) {
      throw wrong(place, [name], `there is no table [${name}]; known are ${TABLES.map((it) => `[${it}]`).join(', ')}`);
    }
  }
  return {
    defaults: {
      both: readFlags(place, ['defaults'], tableAt(place, root, ['defaults'])),
      pictures: readFlags(place, ['pictures'], tableAt(place, root, ['pictures'])),
      video: readFlags(place, ['video'], tableAt(place, root, ['video'])),
    },
    presets: readPresets(place, tableAt(place, root, ['presets'])),
    fleet: readFleet(place, tableAt(place, root, ['fleet'])),
  };
}

const TABLES = ['defaults', 'pictures', 'video', 'presets', 'fleet'];

interface Place {
  readonly path: string;
  readonly lines: readonly string[];
}

type Table = Readonly<Record<string, unknown>>;

function parseToml(text: string, place: Place): Table {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [reason = ''] = error.message.split('\n');
    const sentence = reason.replace(/^Invalid TOML document: /, '');
    throw new UpreelError('usage', `${place.path}, line ${error.line}: this is not TOML: ${sentence}.`, {
      hint: HINT,
      cause: error,
    });
  }
}

function readFleet(place: Place, table: Table): Config['fleet'] {
  for (const [key, value] of Object.entries(table)) {
    const at = ['fleet', key];
    if (!['queue', 'store', 'prefix'].includes(key)) {
      throw wrong(place, at, `"${key}" cannot be set in [fleet]: it has queue, store and prefix`);
    }
    if (typeof value !== 'string') throw wrong(place, at, `expected a text for ${key}, got ${JSON.stringify(value)}`);
  }
  return table as Config['fleet'];
}

function readPresets(place: Place, table: Table): Record<string, Preset> {
  const presets: Record<string, Preset> = {};
  for (const name of Object.keys(table)) {
    const at = ['presets', name];
    if (!/^[a-z0-9][a-z0-9_-]{0,39}$/.test(name) || name === NO_PRESET) {
      throw wrong(place, at, `a preset's name is of a to z, 0 to 9, "-" and "_", and not "${NO_PRESET}"`);
    }
    const { suits, pictures, video, ...both } = tableAt(place, table, at);
    if (suits !== undefined && typeof suits !== 'string') {
      throw wrong(place, [...at, 'suits'], `expected a text for suits, got ${JSON.stringify(suits)}`);
    }
    if (both.preset !== undefined) throw wrong(place, [...at, 'preset'], 'a preset cannot name another one');
    presets[name] = {
      suits: suits ?? 'your own',
      both: readFlags(place, at, both),
      pictures: readFlags(place, [...at, 'pictures'], tableAt(place, { pictures }, [...at, 'pictures'])),
      video: readFlags(place, [...at, 'video'], tableAt(place, { video }, [...at, 'video'])),
    };
  }
  return presets;
}

/** @param at where the table is, to be told; the last of it is its key in `parent`. */
function tableAt(place: Place, parent: Table, at: readonly string[]): Table {
  const value = parent[at.at(-1)!];
  if (value === undefined) return {};
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)) {
    return value as Table;
  }
  throw wrong(place, at, `expected a table [${at.join('.')}], got ${JSON.stringify(value)}`);
}

function readFlags(place: Place, at: readonly string[], table: Table): Record<string, unknown> {
  const known = settableFlags();
  const values: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(table)) {
    const flag = known.get(key);
    if (flag === undefined) {
      const near = nearestIds(key, [...known.keys()]);
      const guess = near.length > 0 ? `; did you mean ${near.join(' or ')}?` : '';
      throw wrong(place, [...at, key], `"${key}" cannot be set in [${at.join('.')}]${guess}`);
    }
    const problem = flag.problemWith(value);
    if (problem !== null) throw wrong(place, [...at, key], problem);
    values[flag.name] = value;
  }
  return values;
}

function wrong(place: Place, at: readonly string[], what: string): UpreelError {
  const line = lineOf(place, at);
  const where = line === null ? place.path : `${place.path}, line ${line}`;
  return new UpreelError('usage', `${where}: ${what}${/[.?]$/.test(what) ? '' : '.'}`, { hint: HINT });
}

const HINT = 'docs/presets.md says what may stand there; --no-config leaves the file out.';

/** Of a key or a table's head, where it is written the usual way; null otherwise. */
function lineOf({ lines }: Place, at: readonly string[]): number | null {
  const wanted = plain(at.join('.'));
  let table = '';
  for (const [index, line] of lines.entries()) {
    const head = /^\s*\[([^\]]+)\]/.exec(line)?.[1];
    if (head !== undefined) table = plain(head);
    const key = head === undefined ? /^\s*([\w."' -]+?)\s*=/.exec(line)?.[1] : undefined;
    const path = key === undefined ? table : [table, plain(key)].filter(Boolean).join('.');
    if ((head !== undefined || key !== undefined) && path === wanted) return index + 1;
  }
  return null;
}

function plain(name: string): string {
  return name.replaceAll(/["'\s]/g, '');
}
