/** What a name must lead to, to be used. */
export type Kind = 'folder' | 'file' | 'socket';

/** Why something that lies where upreel keeps its own is not used. */
export type Distrust =
  | { readonly why: 'kind'; readonly is: string }
  /** It has a second name, by which it may be somebody's own file. */
  | { readonly why: 'linked' }
  | { readonly why: 'owner'; readonly uid: number }
  | { readonly why: 'writable'; readonly mode: number };

/** Whose files are believed, on one file system. */
export interface Trust {
  /** As its files name owners: this user, and root. Empty where there are no owners (Windows). */
  readonly uids: readonly number[];
  /** False where every file has the mode that it was mounted with (FAT, exFAT): then modes say nothing. */
  readonly keepsModes: boolean;
}

/** What `stat` tells, as far as it is looked at. */
export interface FileFacts {
  readonly mode: number;
  readonly uid: number;
  readonly nlink: number;
}

/** Pure. @param facts of the thing itself, not of what a link leads to. @returns null: it may be used. */
export function distrustOf(facts: FileFacts, kind: Kind, { uids, keepsModes }: Trust): Distrust | null {
  const is = KINDS.get(facts.mode & FORMAT_BITS) ?? 'something unknown';
  if (is !== NAMES[kind]) return { why: 'kind', is };
  // Folders have a name for each folder in them.
  if (kind === 'file' && facts.nlink > 1) return { why: 'linked' };
  if (uids.length === 0) return null;
  if (!uids.includes(facts.uid)) return { why: 'owner', uid: facts.uid };
  if (keepsModes && (facts.mode & WRITABLE_BY_OTHERS) !== 0) return { why: 'writable', mode: facts.mode & 0o7777 };
  return null;
}

/** By what the platform and the process say, before a file system is asked. */
export function usualTrust(): Trust {
  const uid = process.geteuid?.();
  return { uids: uid === undefined ? [] : [uid, ROOT], keepsModes: true };
}

const ROOT = 0;
const WRITABLE_BY_OTHERS = 0o022;
const FORMAT_BITS = 0o170000;

const NAMES: Readonly<Record<Kind, string>> = { folder: 'a folder', file: 'a file', socket: 'a socket' };
/** S_IFMT's values, POSIX.1-2017 <sys/stat.h> as Linux and macOS number them. */
const KINDS: ReadonlyMap<number, string> = new Map([
  [0o040000, NAMES.folder],
  [0o100000, NAMES.file],
  [0o140000, NAMES.socket],
  [0o120000, 'a link'],
  [0o010000, 'a named pipe'],
  [0o020000, 'a device'],
  [0o060000, 'a device'],
]);
