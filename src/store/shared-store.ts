import { randomBytes } from 'node:crypto';
import { basename, join } from 'node:path';
import { isSequenceName } from '../core/files/sequence-name.ts';
import type { MadeSegment, SegmentRecord } from './segment-record.ts';
import type { SharedFilm } from './shared-film.ts';

/** What upreel keeps in a store, beside the films that lie there. */
export const OWN_FOLDER = '.upreel-fleet';

/**
 * What every machine of a fleet sees: films, and what is made of them. A way is the name of a file there, from the
 * store's root, with slashes; ways are all that a film names. Whoever can write to a store is trusted as who started
 * the workers is. A film's id is the hash of its files, so that who can write to the queue alone can name nothing else
 * than what was submitted.
 *
 * What is asked of a store is asked with the signal that it was opened with.
 */
export interface SharedStore {
  /** What it is opened by on this machine, in another process too; nothing in it is secret. */
  readonly address: string;
  /** Folder of this machine in which ways lead to files: absolute, without links. */
  readonly root: string;
  /** Whether films lie in a folder that all machines see; else they are sent there and fetched. */
  readonly isFolder: boolean;

  /** Writes a film down, once: the same film again changes nothing. @returns its id. */
  addFilm(film: Omit<SharedFilm, 'id'>): Promise<string>;
  /** @throws UpreelError `usage` if there is no such film, or it is not what was submitted. */
  readFilm(id: string): Promise<SharedFilm>;
  /** Everything of a film but its source and its result. */
  removeFilm(id: string): Promise<void>;
  segmentsOf(film: Pick<SharedFilm, 'id' | 'segments'>): SharedSegments;
  /** @param token of this attempt alone */
  /** @param report way of the report that goes along with it; null: none */
  resultOf(film: SharedFilm, token: string, report: string | null): SharedResult;

  /**
   * A source as it is named by who submits it: a file of this machine, or of the store itself, which is fetched.
   * @throws UpreelError `usage` if it is named as one of another store, `input-missing`.
   */
  sourceNamed(name: string): Promise<NamedSource>;
  /** The same of the pictures of one film. @throws UpreelError as `sourceNamed`, and `usage` for several folders. */
  picturesNamed(names: readonly string[]): Promise<NamedPictures>;
  /** Whether something lies in a store that is no folder under just this way. @throws UpreelError `usage`. */
  holds(way: string): Promise<boolean>;
  /**
   * Ways of what lies in a store that is no folder, and begins like this; neither upreel's own nor what is hidden below
   * the last folder that is named. @throws UpreelError `usage`.
   */
  waysBelow(begin: string): Promise<readonly string[]>;
  /** The way of a film that is to be submitted, which is there then. @throws UpreelError `usage` if it cannot be. */
  addSource(path: string): Promise<string>;
  /**
   * The same of a film whose frames are a file each.
   * @param shown what it is called: the pictures' pattern or folder
   * @param sound the file that gives it its sound
   */
  addPictures(shown: string, paths: readonly string[], sound: string | null): Promise<StoredPictures>;
  /**
   * The way that a film's result will have.
   * @param path as of a result on this machine
   * @throws UpreelError `usage` if it cannot be there, `output-exists` where this machine cannot see it.
   */
  wayOfResult(path: string, overwrite: boolean): Promise<string>;
  /** A network's files beside each other, under the hash of what they hold, once. @returns the way to the first. */
  addModel(files: readonly [string, ...string[]]): Promise<string>;
  /** What a way is called by people. */
  nameOf(way: string): string;
  /** Where a way leads in `root`. @throws UpreelError `place-untrusted` if that is not in the store. */
  placeOf(way: string): Promise<string>;
  /**
   * A file as it can be read on this machine; it stays until the store is closed.
   * @param liesAt the way that it was stored under by others, if its own names what it holds
   * @param mostBytes more are not fetched; what is there already is taken
   * @throws UpreelError `place-untrusted` if a way leads elsewhere, `input-missing`, `input-damaged`; `usage` if it is
   *   larger.
   */
  fetch(way: string, liesAt?: string, mostBytes?: number): Promise<string>;

  /** Does what a worker does, and leaves nothing. @throws UpreelError that says what is wrong. */
  probe(): Promise<void>;
  /** Lets go of what this process holds of it. */
  close(): Promise<void>;
}

export interface NamedSource {
  readonly path: string;
  /**
   * Of one that lies in the store: the way under which machines keep it, and where it lies; null: it is to be added.
   */
  readonly stored: { readonly way: string; readonly liesAt: string } | null;
}

export interface NamedPictures {
  /** On this machine, in the order of their names. */
  readonly paths: readonly string[];
  /** The way of the folder in the store where they lie; null: they are to be added. */
  readonly liesAt: string | null;
}

export interface StoredPictures {
  /** What the film names as its source. */
  readonly way: string;
  /** Ways of files of this machine that are elsewhere on others. */
  readonly moved: ReadonlyMap<string, string>;
}

/**
 * The finished segments of a film, wherever they are kept: what they are of is decided, and their index names them. It
 * has no lock, and needs none.
 */
export interface SegmentKeeper {
  /** What was made of a segment, if it is whole by its size; null: nothing. */
  find(index: number): Promise<SegmentRecord | null>;
  /** An empty file for one attempt alone. @param token of lower-case letters and digits */
  part(index: number, token: string, extension: string): Promise<string>;
  /**
   * Makes an attempt's file the segment, unless another one was first.
   * @returns what the segment is from now on, and whether it is this attempt's.
   * @throws UpreelError `disk-full`, `output-unwritable`, `store-unreachable`
   */
  commit(
    part: string,
    token: string,
    segment: MadeSegment,
  ): Promise<{ readonly record: SegmentRecord; readonly isNew: boolean }>;
  /** Removes what an attempt that came to nothing has left; never what a record names. */
  abandon(index: number, token: string): Promise<void>;
}

/** Those of a film that many machines make. */
export interface SharedSegments extends SegmentKeeper {
  /** Where segments are written on this machine before they are committed. */
  readonly folder: string;
  /** As `find`, of all, in order. */
  findAll(): Promise<readonly (SegmentRecord | null)[]>;
  /** Indices of the segments that have a record, for a look. */
  listed(): Promise<ReadonlySet<number>>;
  /** All of them in one folder of this machine, under the names in the records. @returns the folder. */
  gather(records: readonly SegmentRecord[]): Promise<string>;
  /**
   * One of them for a look, which changes nothing in the store.
   * @param use reads the file, which may be gone after that
   * @throws UpreelError `usage` if it must be fetched and has more than `mostBytes`, `verification-failed`
   */
  borrow<T>(record: SegmentRecord, mostBytes: number, use: (file: string) => Promise<T>): Promise<T>;
}

export interface ResultFacts {
  readonly frames: number;
  readonly bytes: number;
}

/** Where the result of a film appears, for one attempt to make it. */
export interface SharedResult {
  /** For files of this attempt alone. */
  readonly work: string;
  /** In `work`: where the finished film is made whole. */
  readonly output: string;
  /** In `work`: where the report is written; null: there is none. */
  readonly report: string | null;
  /** The name that the result gets on this machine; null: it gets none here. */
  readonly place: string | null;
  /** What was published, with all that goes along, if an attempt before this one died before it could tell. */
  published(): Promise<ResultFacts | null>;
  /**
   * Makes room in `work`. Where no finisher can see it, it looks whether the names are free, too.
   * @throws UpreelError `output-exists`
   */
  begin(overwrite: boolean): Promise<void>;
  /**
   * Brings the film and its report, whole as they are in `work`, to where all see them. The film comes last. What an
   * attempt before this one has put there is replaced; where one that was taken for dead is first, all is well.
   * @throws UpreelError `output-exists`, `output-unwritable`, `disk-full`, `store-unreachable`.
   */
  publish(facts: ResultFacts, how: PublishOptions): Promise<void>;
  /** Removes what this attempt has left. */
  end(): Promise<void>;
}

export interface PublishOptions {
  readonly overwrite: boolean;
  /** The time of change to be told with the result where it cannot have it; null: none. */
  readonly changedMs: number | null;
  /** Moves a finished film, or pictures, to a name on the same disk: all or nothing. */
  readonly giveName: (made: string, place: string) => Promise<void>;
}

/** The end of a result's name: a sequence of pictures has its folder in it. */
export function madeName(output: string): string {
  return isSequenceName(output) ? join('pictures', basename(output)) : basename(output);
}

/** What the files of one attempt alone have in their names: lower-case letters and digits. */
export function attemptToken(): string {
  return randomBytes(8).toString('hex');
}
