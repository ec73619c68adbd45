import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, realpath, rm, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, posix, relative, resolve, sep } from 'node:path';
import { z } from 'zod';
import { systemErrorCode, UpreelError } from '../core/errors.ts';
import { publishFile, temporaryNameFor } from '../core/files/publish.ts';
import { hashFile } from './identity.ts';
import { type JobPlan, jobPlanSchema } from './job-file.ts';
import { SharedSegments } from './shared-segments.ts';

/** What upreel keeps in a store, beside the films that lie there. */
const OWN_FOLDER = '.upreel-fleet';
const MAX_FILM_BYTES = 64 * 1024 * 1024;
const MAX_PLAN_BYTES = 64 * 1024 * 1024;
const MAX_TIMES_BYTES = 512 * 1024 * 1024;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const filmFile = jobPlanSchema.extend({
  schema: z.literal(1),
  /** Ways from the store's root: sources, results, and the checkpoint of a network that is no catalogue's. */
  checkpoint: z.string().nullable(),
  plan: sha256,
  times: sha256,
});

/** A film to be made by many machines: what a job's file holds, and the plan, both unchanged since it was submitted. */
export interface SharedFilm extends JobPlan {
  readonly id: string;
  readonly checkpoint: string | null;
  readonly planJson: string;
  readonly times: Uint8Array;
}

/** Digits that name a film: they follow from all that is to be done, so that the same film is the same one. */
export const FILM_ID = /^[0-9a-f]{24}$/;

/**
 * A folder that every machine of a fleet sees, wherever it is mounted: a disk of the network, or one's own. Nothing in it
 * relies on locks, on clocks that agree, or on more than what NFS promises: a file is whole for who opens it after it
 * was closed, a link or rename within a folder happens at once, and what a listing tells may be old.
 *
 * Whoever can write to it is trusted as who started the workers is. A film's id is the hash of its files, so that
 * who can write to the queue alone can name nothing else than what was submitted.
 */
export class SharedStore {
  /** Absolute, without links. */
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  /** @throws UpreelError `usage` if there is no such folder, `output-unwritable`. */
  static async open(path: string): Promise<SharedStore> {
    const root = await realpath(resolve(path)).catch((cause) => {
      throw new UpreelError('usage', `There is no folder ${path} for the store.`, {
        hint: 'Name the shared folder as it is mounted on this machine: --store /mnt/films.',
        cause,
      });
    });
    const store = new SharedStore(root);
    for (const folder of ['films', 'models']) await store.#make(join(root, OWN_FOLDER, folder));
    return store;
  }

  /**
   * The way to a file from the root, as every machine can go it. null: it lies elsewhere.
   * @param path it, and folders that it lies in, need not exist yet
   */
  async wayTo(path: string): Promise<string | null> {
    const way = relative(this.root, await realPlace(resolve(path)));
    return way === '' || way.split(sep)[0] === '..' || isAbsolute(way) ? null : way.split(sep).join('/');
  }

  /**
   * Where a way leads on this machine.
   * @throws UpreelError `place-untrusted` if that is not in the store, by links or by the way itself.
   */
  async placeOf(way: string): Promise<string> {
    const isDown = way !== '' && !isAbsolute(way) && !/[\0\\]/.test(way) && posix.normalize(way) === way;
    const place = join(this.root, ...way.split('/'));
    if (isDown && !way.startsWith('../') && (await this.wayTo(place)) !== null) return place;
    throw new UpreelError('place-untrusted', `${way} is not a place in the store ${this.root}.`, {
      hint: 'Films, results and checkpoints of a fleet lie in its store; links that lead out of it are not followed.',
    });
  }

  /** Writes a film down, once: the same film again changes nothing. @returns its id. */
  async addFilm(film: Omit<SharedFilm, 'id'>): Promise<string> {
    const { planJson, times, ...job } = film;
    const file = { schema: 1, ...job, plan: hashOf(planJson), times: hashOf(times) };
    const text = `${JSON.stringify(filmFile.parse(file), null, 1)}\n`;
    const id = idOf(text);
    const folder = this.filmFolder(id);
    await this.#make(join(folder, 'segments'));
    // The file that counts comes last.
    for (const [name, content] of [
      ['plan.json', planJson],
      ['times.bin', times],
      ['film.json', text],
    ] as const) {
      await writeOnce(join(folder, name), content);
    }
    return id;
  }

  /** @throws UpreelError `usage` if there is no such film, or it is not what was submitted. */
  async readFilm(id: string): Promise<SharedFilm> {
    if (!FILM_ID.test(id)) throw new UpreelError('usage', 'That is no name of a film.', { hint: 'See upreel jobs.' });
    const folder = this.filmFolder(id);
    try {
      const text = await readBounded(join(folder, 'film.json'), MAX_FILM_BYTES);
      if (idOf(text) !== id) throw new Error('film.json is not what was submitted');
      const { schema: _, plan, times: timesHash, ...job } = filmFile.parse(JSON.parse(text.toString()));
      const planJson = await readBounded(join(folder, 'plan.json'), MAX_PLAN_BYTES);
      const times = await readBounded(join(folder, 'times.bin'), MAX_TIMES_BYTES);
      if (hashOf(planJson) !== plan || hashOf(times) !== timesHash)
        throw new Error('the plan is not what was submitted');
      return { ...job, id, planJson: planJson.toString(), times };
    } catch (cause) {
      const isGone = systemErrorCode(cause) === 'ENOENT';
      const what = isGone ? `is not in the store ${this.root}` : 'is damaged, or another version submitted it';
      throw new UpreelError('usage', `The film ${id} ${what}.`, {
        hint: isGone ? 'Is the same folder mounted here? See upreel doctor.' : 'Submit it anew.',
        cause,
      });
    }
  }

  /** Ids of all films that were submitted and not removed. */
  async listFilms(): Promise<readonly string[]> {
    const names = await readdir(join(this.root, OWN_FOLDER, 'films'));
    return names.filter((name) => FILM_ID.test(name));
  }

  segmentsOf(film: Pick<SharedFilm, 'id' | 'segments'>): SharedSegments {
    return new SharedSegments(join(this.filmFolder(film.id), 'segments'), film);
  }

  filmFolder(id: string): string {
    return join(this.root, OWN_FOLDER, 'films', id);
  }

  /** Everything of a film but its source and its result. */
  async removeFilm(id: string): Promise<void> {
    if (!FILM_ID.test(id)) return;
    const folder = this.filmFolder(id);
    // Without it, the rest counts for nothing.
    await rm(join(folder, 'film.json'), { force: true });
    await rm(folder, { recursive: true, force: true });
  }

  /**
   * A network's files beside each other, under the hash of what they hold, once.
   * @returns the way to the first.
   */
  async addModel(files: readonly [string, ...string[]]): Promise<string> {
    const never = new AbortController().signal;
    const hashes = await Promise.all(files.map((file) => hashFile(file, never)));
    const folder = `${OWN_FOLDER}/models/${hashOf(hashes.join(' '))}`;
    await this.#make(join(this.root, ...folder.split('/')));
    for (const file of files) {
      const place = join(this.root, ...folder.split('/'), basename(file));
      if ((await stat(place).catch(() => null)) === null) await writeOnce(place, await readFile(file));
    }
    return `${folder}/${basename(files[0])}`;
  }

  async #make(folder: string): Promise<void> {
    try {
      await mkdir(folder, { recursive: true });
    } catch (cause) {
      throw new UpreelError('output-unwritable', `Cannot write to the store ${this.root}.`, {
        hint: 'All machines of a fleet must be able to write there.',
        cause,
      });
    }
  }
}

/** Without links, as far as it exists. */
async function realPlace(path: string): Promise<string> {
  const parent = dirname(path);
  return realpath(path).catch(async () => (parent === path ? path : join(await realPlace(parent), basename(path))));
}

function idOf(filmJson: string | Uint8Array): string {
  return hashOf(filmJson).slice(0, 24);
}

function hashOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Whole, or not there. Whoever wrote the same before has done it. */
async function writeOnce(place: string, content: string | Uint8Array): Promise<void> {
  const temporary = temporaryNameFor(place);
  try {
    const file = await open(temporary, 'wx', 0o666);
    await file.writeFile(content).finally(() => file.close());
    await publishFile(temporary, place, { overwrite: false });
  } catch (error) {
    await rm(temporary, { force: true });
    if (!(error instanceof UpreelError && error.code === 'output-exists')) throw error;
  }
}

async function readBounded(place: string, mostBytes: number): Promise<Buffer> {
  const { size } = await stat(place);
  if (size > mostBytes) throw new Error(`${place} has ${size} bytes, at most ${mostBytes} are expected`);
  return readFile(place);
}
