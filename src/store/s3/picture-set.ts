import { extname } from 'node:path';
import { z } from 'zod';
import { UpreelError } from '../../core/errors.ts';
import { hashOf } from '../shared-film.ts';
import { OWN_FOLDER } from '../shared-store.ts';
import { isKeyDown } from './s3-place.ts';

/** The list that a film of pictures is named by; no picture has such a name. */
export const SET_FILE = 'set.json';
/** A day of film has 2.6 million frames at 30 a second; a list of as many pictures would be no list any more. */
const MOST_FILES = 500_000;
export const MOST_SET_BYTES = 128 * 1024 * 1024;

const memberSchema = z.object({
  name: z.string().min(1).max(255),
  bytes: z.int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** The way of one that lies in the store for itself; null: it is kept beside the list. */
  liesAt: z.string().nullable(),
});
const setSchema = z.object({ schema: z.literal(1), files: z.array(memberSchema).min(1).max(MOST_FILES) });

/** A picture of a film, or the file that gives it its sound, by what it holds. */
export type SetMember = z.infer<typeof memberSchema>;

/**
 * Files of one film that go together: its pictures, and its sound. The list of them is what a film names, by its
 * SHA-256, and has theirs.
 */
export interface PictureSet {
  /** Of the list. */
  readonly way: string;
  readonly text: string;
  readonly files: readonly SetMember[];
}

/** @throws UpreelError `usage` for names that are no keys, or two of one name. */
export function listPictures(files: readonly SetMember[]): PictureSet {
  const parsed = checkSet({ schema: 1, files });
  if (parsed === null) {
    throw new UpreelError('usage', 'Some of the pictures have names that cannot be in a bucket, or the same one.', {
      hint: `Names without control characters, each once; at most ${MOST_FILES} pictures.`,
    });
  }
  const text = JSON.stringify(parsed);
  if (Buffer.byteLength(text) > MOST_SET_BYTES) {
    throw new UpreelError('usage', `The list of ${files.length} pictures is longer than machines read.`, {
      hint: 'Give them shorter names, or submit them in parts.',
    });
  }
  return { way: `${setWay(hashOf(text))}/${SET_FILE}`, text, files: parsed.files };
}

/** @returns null: it is not the list that its way names, or names what cannot be. */
export function readPictures(way: string, text: string): PictureSet | null {
  if (way !== `${setWay(hashOf(text))}/${SET_FILE}`) return null;
  try {
    const parsed = checkSet(JSON.parse(text));
    return parsed && { way, text, files: parsed.files };
  } catch {
    return null;
  }
}

/** Where a file of it lies in the store. */
export function memberWay({ way }: Pick<PictureSet, 'way'>, { name, liesAt }: SetMember): string {
  return liesAt ?? memberPlace({ way }, name);
}

/** Where a file of it lies on every machine that has fetched it. */
export function memberPlace({ way }: Pick<PictureSet, 'way'>, name: string): string {
  return `${way.slice(0, -SET_FILE.length)}${name}`;
}

/** What the sound of a film is called in its set. */
export function soundName(path: string): string {
  const extension = extname(path).toLowerCase();
  return `sound${/^\.[a-z0-9]{1,8}$/.test(extension) ? extension : ''}`;
}

function setWay(hash: string): string {
  return `${OWN_FOLDER}/sources/${hash}`;
}

const SENT_SOURCE = /^\.upreel-fleet\/sources\/[0-9a-f]{64}\/source(\.[a-z0-9]{1,8})?$/;

function checkSet(json: unknown): z.infer<typeof setSchema> | null {
  const parsed = setSchema.safeParse(json);
  if (!parsed.success) return null;
  const { files } = parsed.data;
  const names = new Set(files.map(({ name }) => name));
  const areNames = files.every(({ name }) => isKeyDown(name) && !name.includes('/') && name !== SET_FILE);
  const isOfStore = (way: string) => isKeyDown(way) && (way.split('/')[0] !== OWN_FOLDER || SENT_SOURCE.test(way));
  const lieThere = files.every(({ liesAt }) => liesAt === null || isOfStore(liesAt));
  return areNames && lieThere && names.size === files.length ? parsed.data : null;
}
