import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';

/** How results are made, whatever their source. No paths: a result goes to others. */
export interface Making {
  /** Name and version. */
  readonly program: string;
  /** Catalogue id, or the name of a checkpoint without its folder and extension. */
  readonly model: string;
  /** Content hash of the network (ModelDescriptor). */
  readonly network: string;
  readonly device: string;
  readonly preset: string | null;
  /** Settings that are not the default, by their names in the library. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** What a result carries in its metadata of how it was made. */
export interface Provenance extends Making {
  readonly source: SourceMark;
}

/** What tells a source, without where it lay. A hash that is left out was not taken. */
export interface SourceMark {
  readonly name: string;
  /** Left out where no single file is the source. */
  readonly bytes?: number | undefined;
  /** Over the whole file. */
  readonly sha256?: string | undefined;
  /** Over the first and the last MiB: of films, which are long. Of less than two MiB, over the whole. */
  readonly endsSha256?: string | undefined;
}

const text = z.string().max(1024);
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const provenanceSchema = z.object({
  model: text,
  network: text,
  device: text,
  preset: text.nullable().default(null),
  options: z.record(text, z.unknown()).default({}),
  source: z.object({
    name: text,
    bytes: z.int().min(0).optional(),
    sha256: hash.optional(),
    endsSha256: hash.optional(),
  }),
});

/** Longer texts are no provenance: what a file says of itself may be anything. */
const MAX_CHARACTERS = 16_384;

/** One line, the same in every format: the program, and all else in JSON. */
export function provenanceText({ program, ...rest }: Provenance): string {
  const line = (told: object) => `${program} ${JSON.stringify(told)}`;
  const whole = line(rest);
  return whole.length <= MAX_CHARACTERS ? whole : line({ ...rest, options: {} });
}

/** null: it is no such line. */
export function parseProvenance(line: string): Provenance | null {
  if (line.length > MAX_CHARACTERS) return null;
  const [, program, json] = /^(upreel [\w.+-]{1,64}) (\{.*\})$/s.exec(line) ?? [];
  if (program === undefined || json === undefined) return null;
  try {
    const parsed = provenanceSchema.safeParse(JSON.parse(json));
    return parsed.success ? { program, ...parsed.data } : null;
  } catch {
    return null;
  }
}

/** A picture's file, hashed whole. */
export async function markPicture(path: string, signal: AbortSignal): Promise<SourceMark> {
  const { size } = await stat(path);
  const sha256 = createHash('sha256');
  for await (const piece of createReadStream(path, { highWaterMark: MIB, signal })) sha256.update(piece as Buffer);
  return { name: basename(path), bytes: size, sha256: sha256.digest('hex') };
}

/** A film's file, by its size and ends. */
export async function markFilm(path: string): Promise<SourceMark> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const buffer = Buffer.alloc(2 * MIB);
    const head = await file.read(buffer, 0, MIB, 0);
    const tailAt = Math.max(MIB, size - MIB);
    const tail = await file.read(buffer, head.bytesRead, MIB, tailAt);
    const ends = buffer.subarray(0, head.bytesRead + tail.bytesRead);
    return { name: basename(path), bytes: size, endsSha256: createHash('sha256').update(ends).digest('hex') };
  } finally {
    await file.close();
  }
}

const MIB = 1024 * 1024;
