import { join } from 'node:path';
import { z } from 'zod';
import { UpreelError } from '../../errors.ts';
import { cacheFolders, offlineFolder, readCached, writeCached } from '../cache/cache-folder.ts';
import { isAllowedUrl } from '../catalogue.ts';
import { fetchText, HTTP_LIMITS } from '../fetch/fetch-http.ts';
import { SourceFailure } from '../fetch/fetch-sink.ts';

/** Where people share upscalers: https://openmodeldb.info, whose entries are its users' own. */
const LIST_URL = 'https://openmodeldb.info/api/v1/models.json';
const PAGE_URL = 'https://openmodeldb.info/models/';

/** A day: the list changes a few times a week. */
const FRESH_MS = 24 * 3600 * 1000;
/** It had 1.3 MB in August 2026. */
const MAX_LIST_BYTES = 32 << 20;

const shortText = z.string().max(300);
const resource = z.object({
  type: shortText,
  size: z.int().positive(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  urls: z.array(z.string().max(2000)).max(20),
});
const model = z.object({
  name: shortText,
  author: z.union([shortText, z.array(shortText).max(20)]).transform((it) => [it].flat()),
  license: shortText.nullish().transform((it) => it ?? null),
  tags: z.array(shortText).max(50).default([]),
  date: z.string().max(40).default(''),
  architecture: shortText,
  scale: z.int().min(1).max(64),
  resources: z.array(z.unknown()).max(50).default([]),
});
/** A network's name becomes a file's name and an id. */
const ID = /^\w[\w.+-]{0,99}$/;

/** A file of weights, wherever it lies. */
export type SharedFile = z.infer<typeof resource>;

/** A network of the list, in its own words, which anybody may have written. */
export interface SharedModel {
  readonly id: string;
  readonly name: string;
  readonly authors: readonly string[];
  /** SPDX identifier; null: it is not said. */
  readonly licence: string | null;
  readonly tags: readonly string[];
  /** Year, month and day. */
  readonly date: string;
  readonly architecture: string;
  readonly scale: number;
  readonly files: readonly SharedFile[];
  /** For a browser. */
  readonly page: string;
}

export interface SharedList {
  readonly models: readonly SharedModel[];
  /** When it was fetched. */
  readonly at: Date;
  /** Why it was not fetched now, though it is older than a day; null: it is fresh, or the network is not to be used. */
  readonly stale: string | null;
}

const kept = z.object({ at: z.number(), models: z.array(z.custom<SharedModel>()) });

/**
 * The list of OpenModelDB, or of `UPREEL_MODEL_LIST` (an address of the same kind of file), at most a day old; older
 * where the network cannot be or is not to be used.
 * @throws UpreelError `model-download-failed` if there is none at all, `interrupted`
 */
export async function readSharedList(signal: AbortSignal): Promise<SharedList> {
  const url = process.env.UPREEL_MODEL_LIST || LIST_URL;
  const path = join(cacheFolders().lists, `${encodeURIComponent(url).slice(0, 100)}.json`);
  const before = await readKept(path);
  const age = before === null ? Number.POSITIVE_INFINITY : Date.now() - before.at.getTime();
  if (before !== null && (age < FRESH_MS || offlineFolder() !== undefined)) return before;
  try {
    if (offlineFolder() !== undefined) throw new SourceFailure('the network is not to be used');
    if (!URL.canParse(url) || !isAllowedUrl(url))
      throw new SourceFailure('expected an address that begins with https://');
    const fetched = {
      at: Date.now(),
      models: parseList(await fetchText(url, MAX_LIST_BYTES, { limits: HTTP_LIMITS, signal })),
    };
    await writeCached(path, JSON.stringify(fetched));
    return { models: fetched.models, at: new Date(fetched.at), stale: null };
  } catch (error) {
    if (!(error instanceof SourceFailure)) throw error;
    if (before !== null) return { ...before, stale: error.message };
    throw new UpreelError(
      'model-download-failed',
      `The list of models could not be fetched (${url}: ${error.message}).`,
      {
        hint: 'Try again when there is a network, or look at https://openmodeldb.info with a browser.',
        cause: error,
      },
    );
  }
}

async function readKept(path: string): Promise<SharedList | null> {
  try {
    const { at, models } = kept.parse(JSON.parse((await readCached(path)) ?? ''));
    return { at: new Date(at), models, stale: null };
  } catch {
    return null;
  }
}

/** What is not as it should be is left out. @throws SourceFailure if it is no such list at all */
function parseList(text: string): SharedModel[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new SourceFailure('what came is no JSON', { cause: error });
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new SourceFailure('what came is no list of models');
  return Object.entries(json).flatMap(([id, entry]) => {
    const { success, data } = model.safeParse(entry);
    if (!success || !ID.test(id)) return [];
    const { name, author: authors, license: licence, tags, date, architecture, scale } = data;
    const files = data.resources.flatMap((it) => resource.safeParse(it).data ?? []);
    return [
      { id, name, authors, licence, tags, date: date.slice(0, 10), architecture, scale, files, page: PAGE_URL + id },
    ];
  });
}
