import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UpreelError } from '../../core/errors.ts';
import { isPictureOf, pictureName } from '../../core/files/sequence-name.ts';
import type { ResultFacts } from '../shared-store.ts';
import type { OwnObjects } from './own-objects.ts';
import { MOST_LISTED, type S3Objects } from './s3-objects.ts';
import { S3Result, type S3ResultWays } from './s3-result.ts';
import { someAtOnce } from './some-at-once.ts';

/**
 * A result of numbered pictures among objects, which appear one after another: the first of them last, and what is told
 * with it says for others who take over how many there are.
 */
export class S3Pictures extends S3Result {
  readonly #objects: S3Objects;
  /** In front of the pictures' names. */
  readonly #folder: string;

  constructor(objects: S3Objects, own: OwnObjects, ways: S3ResultWays, scratch: string) {
    super(own, ways, scratch);
    this.#objects = objects;
    this.#folder = pictureFolder(ways.output);
  }

  protected override get lastPut(): string {
    return `${this.#folder}${pictureName(this.ways.output, 1)}`;
  }

  /** All of them: some may have been taken away since. */
  override async published(): Promise<ResultFacts | null> {
    const facts = await super.published();
    if (facts === null) return null;
    const { pictures } = await listPictureFolder(this.#objects, this.ways.output);
    return pictures.length === facts.frames ? facts : null;
  }

  /** What an attempt before this one has put may lie there. */
  protected override async requireFree(overwrite: boolean): Promise<void> {
    const { pictures, other } = await listPictureFolder(this.#objects, this.ways.output);
    if (other !== null) throw notEmpty(this.ways.output, other, overwrite);
    if (overwrite) return;
    await someAtOnce(pictures, async (way) => {
      if ((await this.own.look(way)) === null) throw this.own.exists(way);
    });
  }

  protected override async put(told: Readonly<Record<string, string>>, overwrite: boolean): Promise<void> {
    const made = dirname(this.output);
    const ways = (await readdir(made)).map((name) => `${this.#folder}${name}`);
    const put = (way: string) => this.own.put(way, join(made, basename(way)), told, overwrite);
    await someAtOnce(
      ways.filter((way) => way !== this.lastPut),
      put,
    );
    if (overwrite) await this.#removeAllBut(new Set(ways));
    await put(this.lastPut);
  }

  /** Pictures of a longer film. */
  async #removeAllBut(ways: ReadonlySet<string>): Promise<void> {
    const { pictures } = await listPictureFolder(this.#objects, this.ways.output);
    await someAtOnce(
      pictures.filter((way) => !ways.has(way)),
      (way) => this.#objects.remove(way),
    );
  }
}

/** `frames/%06d.png` lies in `frames/`. */
function pictureFolder(output: string): string {
  return `${dirname(output)}/`;
}

/**
 * Whether pictures may be put there.
 * @throws UpreelError `output-exists`; `usage` for pictures that would lie beside all else in the store.
 */
export async function requirePictureFolder(objects: S3Objects, output: string, overwrite: boolean): Promise<void> {
  if (dirname(output) === '.') {
    throw new UpreelError('usage', `Pictures need a folder of their own in a bucket: ${output} has none.`, {
      hint: `For example: -o frames/${output}`,
    });
  }
  const { pictures, other } = await listPictureFolder(objects, output);
  const inTheWay = other ?? (overwrite ? null : (pictures[0] ?? null));
  if (inTheWay !== null) throw notEmpty(output, inTheWay, overwrite);
}

/** @returns ways of pictures of such names, and that of something else; null: there is nothing else. */
async function listPictureFolder(
  objects: S3Objects,
  output: string,
): Promise<{ readonly pictures: readonly string[]; readonly other: string | null }> {
  const folder = pictureFolder(output);
  // Consoles make a folder by an object of its name, of no bytes.
  const there = (await objects.list(folder, MOST_LISTED)).map(({ way }) => way).filter((way) => way !== folder);
  const isPicture = (way: string) => isPictureOf(basename(output), way.slice(folder.length));
  return { pictures: there.filter(isPicture), other: there.find((way) => !isPicture(way)) ?? null };
}

function notEmpty(output: string, other: string, overwrite: boolean): UpreelError {
  const folder = pictureFolder(output);
  return new UpreelError('output-exists', `The folder ${folder} in the bucket is not empty: ${other} is in it.`, {
    hint: overwrite
      ? '--overwrite replaces pictures of such names, and nothing else: choose another folder with -o.'
      : 'Choose another folder with -o; --overwrite replaces one with nothing but such pictures.',
  });
}
