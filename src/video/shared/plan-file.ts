import { isAbsolute, posix, relative, resolve, sep } from 'node:path';
import { UpreelError } from '../../core/errors.ts';
import type { VideoPlan } from '../plan/video-plan.ts';

/** A plan as two files that any machine can read: decided once, carried out by many. */
export interface PlanFile {
  readonly json: string;
  /** All lists of times, one after another: float64, little-endian. */
  readonly times: Uint8Array;
}

/** What came from elsewhere is not read beyond that: a day of film has 2.6 million frames at 30 a second. */
const MOST_TIMES = 50_000_000;
const DEEPEST = 32;

/**
 * Writes a plan down. What it names of files below `root` is named by the way from there; objects that are the same
 * one are so again when they are read (a stream in the list, and as the one that is upscaled).
 * @param root absolute
 * @param moved files that lie elsewhere here: their ways from the root
 */
export function encodePlan(plan: VideoPlan, root: string, moved: ReadonlyMap<string, string> = new Map()): PlanFile {
  const writer = new Writer(root, moved);
  const value = writer.write(plan);
  return { json: JSON.stringify({ schema: 1, value }), times: writer.times() };
}

/**
 * @param root where the same files lie here; absolute
 * @throws UpreelError `usage` for what is no plan of this version
 */
export function decodePlan({ json, times }: PlanFile, root: string): VideoPlan {
  try {
    const { schema, value } = JSON.parse(json) as { schema: unknown; value: unknown };
    if (schema !== 1) throw new Error(`schema ${String(schema)}`);
    return new Reader(root, times).read(value, 0) as VideoPlan;
  } catch (cause) {
    throw new UpreelError('usage', 'The plan of the film is damaged, or another version of upreel wrote it.', {
      hint: 'Submit the film anew.',
      cause,
    });
  }
}

/**
 * What JSON does not have is an array whose first entry says what it is; lists begin with `l`.
 * `['o', index]`: an object that was written before, in the order in which they were.
 */
class Writer {
  readonly #root: string;
  readonly #moved: ReadonlyMap<string, string>;
  readonly #objects = new Map<object, number>();
  readonly #lists: Float64Array[] = [];
  #count = 0;

  constructor(root: string, moved: ReadonlyMap<string, string>) {
    this.#root = root.endsWith(sep) ? root : root + sep;
    this.#moved = moved;
  }

  write(value: unknown): unknown {
    if (typeof value === 'number') return Number.isFinite(value) ? value : ['n', String(value)];
    if (typeof value === 'string') return this.#text(value);
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return ['l', ...value.map((entry) => this.write(entry))];
    if (value instanceof Float64Array) {
      this.#lists.push(value);
      this.#count += value.length;
      return ['t', this.#count - value.length, value.length];
    }
    if (value instanceof Map) return ['m', ...[...value].map(([key, entry]) => [key, this.write(entry)])];
    const before = this.#objects.get(value);
    if (before !== undefined) return ['o', before];
    this.#objects.set(value, this.#objects.size);
    return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, this.write(entry)]));
  }

  times(): Uint8Array {
    const bytes = new DataView(new ArrayBuffer(8 * this.#count));
    let at = 0;
    for (const list of this.#lists) for (const time of list) bytes.setFloat64(8 * at++, time, true);
    return new Uint8Array(bytes.buffer);
  }

  #text(text: string): unknown {
    const moved = this.#moved.get(text);
    if (moved !== undefined) return ['p', moved];
    return text.startsWith(this.#root) ? ['p', relative(this.#root, text).split(sep).join('/')] : text;
  }
}

class Reader {
  readonly #root: string;
  readonly #times: DataView;
  readonly #objects: object[] = [];

  constructor(root: string, times: Uint8Array) {
    this.#root = root;
    this.#times = new DataView(times.buffer, times.byteOffset, times.byteLength);
  }

  read(value: unknown, depth: number): unknown {
    if (depth > DEEPEST) throw new Error('nested too deeply');
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return this.#special(value, depth);
    const made: Record<string, unknown> = {};
    this.#objects.push(made);
    for (const [name, entry] of Object.entries(value)) {
      // A film may have a tag of the name __proto__, which is no prototype.
      const own = { value: this.read(entry, depth + 1), enumerable: true, writable: true, configurable: true };
      Object.defineProperty(made, name, own);
    }
    return made;
  }

  #special([kind, ...rest]: unknown[], depth: number): unknown {
    switch (kind) {
      case 'l':
        return rest.map((entry) => this.read(entry, depth + 1));
      case 'n':
        return Number(rest[0]);
      case 'p':
        return resolve(this.#root, requireInside(rest[0]));
      case 't':
        return this.#list(rest[0], rest[1]);
      case 'm':
        return new Map((rest as [unknown, unknown][]).map(([key, entry]) => [key, this.read(entry, depth + 1)]));
      case 'o': {
        const object = this.#objects[rest[0] as number];
        if (object === undefined) throw new Error('an object that is not there');
        return object;
      }
      default:
        throw new Error('a kind that is not known');
    }
  }

  #list(from: unknown, count: unknown): Float64Array {
    if (!isCount(from) || !isCount(count) || count > MOST_TIMES) throw new Error('a list of times that cannot be');
    if (8 * (from + count) > this.#times.byteLength) throw new Error('a list of times that is not whole');
    return Float64Array.from({ length: count }, (_, index) => this.#times.getFloat64(8 * (from + index), true));
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** A way that leads down and nowhere else. @throws Error */
function requireInside(way: unknown): string {
  const isDown =
    typeof way === 'string' && way !== '' && !isAbsolute(way) && !/[\0\\]/.test(way) && posix.normalize(way) === way;
  if (!isDown || way.split('/')[0] === '..') throw new Error('a way that leads out of the store');
  return way;
}
