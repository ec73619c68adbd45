import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { UpreelError } from '../../core/errors.ts';
import { isPictureOf } from '../../core/files/sequence-name.ts';
import type { ResultFacts } from '../shared-store.ts';
import type { OwnObjects } from './own-objects.ts';
import type { S3Objects } from './s3-objects.ts';
import { S3Result, type S3ResultWays } from './s3-result.ts';
import { someAtOnce } from './some-at-once.ts';

const factsSchema = z.object({ frames: z.number(), bytes: z.number() });
const MOST_FACTS_BYTES = 1000;

interface PicturesContext {
  readonly objects: S3Objects;
  readonly own: OwnObjects;
  /** Of all that is kept of the film while it is made. */
  readonly filmWay: string;
  readonly scratch: string;
}

/**
 * A result of numbered pictures among objects, which appear one after another: the first of them last, and then what
 * says for others who take over that all are there.
 */
export class S3Pictures extends S3Result {
  readonly #objects: S3Objects;
  /** In front of the pictures' names. */
  readonly #folder: string;
  readonly #marker: string;

  constructor(ways: S3ResultWays, { objects, own, filmWay, scratch }: PicturesContext) {
    super(own, ways, scratch);
    this.#objects = objects;
    this.#folder = pictureFolder(ways.output);
    this.#marker = `${filmWay}/published.json`;
  }

  override async published(): Promise<ResultFacts | null> {
    const found = await this.#objects.read(this.#marker, MOST_FACTS_BYTES);
    try {
      return factsSchema.parse(JSON.parse(found?.toString() ?? ''));
    } catch {
      return null;
    }
  }

  /** What an attempt before this one has put may lie there. */
  protected override async requireFree(overwrite: boolean): Promise<void> {
    const there = await listPictureFolder(this.#objects, this.ways.output, true);
    if (overwrite) return;
    await someAtOnce(there, async (way) => {
      if ((await this.own.look(way)) === null) throw this.own.exists(way);
    });
  }

  protected override async put(
    facts: ResultFacts,
    times: Readonly<Record<string, string>>,
    overwrite: boolean,
  ): Promise<void> {
    const made = dirname(this.output);
    const [first, ...others] = (await readdir(made)).sort();
    if (first === undefined) throw new UpreelError('internal', 'Expected pictures to publish.');
    const put = (name: string) => this.own.put(`${this.#folder}${name}`, join(made, name), times, overwrite);
    await someAtOnce(others, put);
    await put(first);
    const names = new Set([first, ...others]);
    const stale = (await listPictureFolder(this.#objects, this.ways.output, true)).filter((way) => {
      return !names.has(way.slice(this.#folder.length));
    });
    // Without leave to overwrite there are none.
    if (overwrite) await someAtOnce(stale, (way) => this.#objects.remove(way));
    await this.#objects.put(this.#marker, JSON.stringify(facts));
  }
}

/** `frames/%06d.png` lies in `frames/`. */
function pictureFolder(output: string): string {
  return `${dirname(output)}/`;
}

/**
 * Ways of what lies where pictures are to appear.
 * @param mayBePictures whether pictures of such names may lie there
 * @throws UpreelError `output-exists` for anything else; `usage` for pictures that would lie beside all else in the store.
 */
export async function listPictureFolder(
  objects: S3Objects,
  output: string,
  mayBePictures: boolean,
): Promise<readonly string[]> {
  if (dirname(output) === '.') {
    throw new UpreelError('usage', `Pictures need a folder of their own in a bucket: ${output} has none.`, {
      hint: `For example: -o frames/${output}`,
    });
  }
  const folder = pictureFolder(output);
  const there = (await objects.list(folder)).map(({ way }) => way);
  const isPicture = (way: string) => isPictureOf(basename(output), way.slice(folder.length));
  const other = there.find((way) => !mayBePictures || !isPicture(way));
  if (other === undefined) return there;
  throw new UpreelError('output-exists', `The folder ${folder} in the bucket is not empty: ${other} is in it.`, {
    hint: mayBePictures
      ? '--overwrite replaces pictures of such names, and nothing else: choose another folder with -o.'
      : 'Choose another folder with -o; --overwrite replaces one with nothing but such pictures.',
  });
}
