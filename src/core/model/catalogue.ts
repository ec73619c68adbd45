import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { UpreelError } from '../errors.ts';
import { ownFile } from '../files/own-files.ts';

/** Larger than any network of these families; keeps a wrong catalogue from filling a disk. */
const MAX_FILE_BYTES = 2 ** 30;

const file = z.strictObject({
  /** Its name in the cache and in a folder of UPREEL_MODELS. */
  name: z.string().regex(/^\w[\w.+-]{0,120}\.(pth|safetensors|onnx|bin|param)$/),
  bytes: z.int().positive().max(MAX_FILE_BYTES),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

const source = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('url'),
    files: z.array(file.extend({ url: z.url().refine(isAllowedUrl, 'expected https') })).nonempty(),
  }),
  z.strictObject({
    kind: z.literal('npm'),
    /** Exact version, because the entries' places and hashes are those of one tarball. */
    package: z.string().regex(/^(@[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+$/),
    /** Bytes of the tarball that have to be received until the last of the files has passed. */
    readBytes: z.int().positive().max(MAX_FILE_BYTES),
    /** An ncnn graph beside the catalogue that goes with the weights: spares reading on to the tarball's own. */
    graph: z.string().optional(),
    files: z.array(file.extend({ entry: z.string() })).nonempty(),
  }),
]);

const model = z.strictObject({
  id: z.string().regex(/^\w[\w.+-]{0,99}$/),
  architecture: z.enum(['compact', 'rrdb', 'span', 'msrresnet', 'edsr', 'srcnn']),
  scale: z.int().min(1).max(16),
  /** SPDX identifier, or "unknown". */
  licence: z.string(),
  author: z.string(),
  homepage: z.url(),
  summary: z.string(),
  /** What it is good for, to be read after "suits". */
  suits: z.string(),
  /** The same network trained to keep noise: blended in for a weaker denoise. */
  twin: z.string().optional(),
  /** Tried in this order; each is complete in itself. */
  sources: z
    .array(source.refine((it) => it.files.some(({ name }) => !name.endsWith('.param')), 'expected a file of weights'))
    .nonempty(),
});

const catalogue = z
  .strictObject({ version: z.literal(1), default: z.string(), models: z.array(model) })
  .refine((it) => it.models.some(({ id }) => id === it.default), 'expected the default among the models')
  .refine((it) => new Set(it.models.map(({ id }) => id)).size === it.models.length, 'expected each id once')
  .refine(hasAllTwins, 'expected each twin among the models');

function hasAllTwins({ models }: { models: readonly { id: string; twin?: string | undefined }[] }): boolean {
  return models.every(({ twin }) => twin === undefined || models.some(({ id }) => id === twin));
}

export type CatalogueFile = z.infer<typeof file>;
export type ModelSource = z.infer<typeof source>;

export type NpmSource = Extract<ModelSource, { kind: 'npm' }>;
export type CatalogueModel = z.infer<typeof model>;

/** Facts about networks that upreel knows how to get; holds no weights. */
export interface Catalogue extends z.infer<typeof catalogue> {
  /** Where the `graph` names are looked up. */
  readonly folder: string;
}

/** upreel's own catalogue unless another file is named. @throws UpreelError `internal` if it is not a catalogue. */
export function readCatalogue(path: string = BUILT_IN): Catalogue {
  return parseCatalogue(JSON.parse(readFileSync(path, 'utf8')), dirname(path));
}

export function parseCatalogue(json: unknown, folder: string): Catalogue {
  const parsed = catalogue.safeParse(json);
  if (!parsed.success) {
    throw new UpreelError('internal', `Expected a model catalogue, got: ${z.prettifyError(parsed.error)}.`);
  }
  return { ...parsed.data, folder };
}

const BUILT_IN = ownFile('models/catalogue.json');

/** The built-in catalogue's default, for flags and help: they are made at each start, and reading it takes 16 ms. */
export const DEFAULT_MODEL = 'realesr-general-x4v3';

/** https; plain http only on this machine, for mirrors and tests. */
export function isAllowedUrl(text: string): boolean {
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname));
}
