import { basename, dirname } from 'node:path';
import { z } from 'zod';
import { UpreelError } from '../../errors.ts';
import { refused } from '../import/refusal.ts';
import { elementCount } from '../tensor.ts';
import type { GivenInput, GivenType } from './given-input.ts';
import { openNeighbour } from './neighbour-file.ts';

/** What a file beside an ONNX file (NETWORK.onnx.json) says of it: docs/networks.md describes it. */
export interface Sidecar {
  /** Inputs beside the picture, which get the same values for every window. */
  readonly inputs: ReadonlyMap<string, GivenInput>;
  /** The input that takes the picture; null: the only one without values. */
  readonly picture: string | null;
  /** How much the picture is enlarged, by bicubic interpolation, before the network sees it. */
  readonly enlargeFirst: number;
  readonly range: '0..1' | '0..255' | '-1..1' | null;
  readonly channels: 'rgb' | 'bgr' | null;
  /** How far neighbouring tiles are blended into each other: `wide` for networks that invent what they show. */
  readonly seams: 'narrow' | 'wide';
  /** Of all that decides what the network makes. */
  readonly facts: string;
}

/** The sidecar's name, and those of the files that it names. */
export interface SidecarFiles {
  readonly sidecar: string;
  readonly others: readonly string[];
}

const TYPES = ['float32', 'float16', 'bfloat16', 'float64', 'int32', 'int64', 'uint8', 'bool'] as const;
const MAX_VALUES = 4096;
const MAX_SIDECAR_BYTES = 1 << 20;
/** A prompt of 4096 tokens with 4096 features in float32. */
const MAX_INPUT_BYTES = 64 << 20;

const numbers = z.array(z.number()).min(1).max(MAX_VALUES);
const shape = z.array(z.int().min(1).max(65_536)).max(8);
const inputSchema = z.union([
  numbers,
  z.strictObject({ values: numbers, shape: shape.optional() }),
  z.strictObject({ file: z.string().min(1).max(255), shape, type: z.enum(TYPES) }),
]);
const schema = z.strictObject({
  inputs: z.record(z.string().min(1).max(255), inputSchema).default({}),
  picture: z.string().min(1).max(255).optional(),
  enlargeFirst: z.int().min(1).max(16).default(1),
  range: z.enum(['0..1', '0..255', '-1..1']).optional(),
  channels: z.enum(['rgb', 'bgr']).optional(),
  seams: z.enum(['narrow', 'wide']).default('narrow'),
});

type Written = z.infer<typeof schema>;

/**
 * Reads what lies beside an ONNX file; null if nothing does.
 * @throws UpreelError `model-refused` (not as described), `model-missing` (a file that it names)
 */
export async function readSidecar(path: string): Promise<Sidecar | null> {
  const written = await readWritten(path);
  if (written === null) return null;
  const inputs = new Map<string, GivenInput>();
  for (const [name, input] of Object.entries(written.inputs)) inputs.set(name, await givenInput(input, name, path));
  const { picture = null, enlargeFirst, range = null, channels = null, seams } = written;
  const content = [...inputs].map(([name, { sha256 }]) => [name, sha256]);
  return { inputs, picture, enlargeFirst, range, channels, seams, facts: JSON.stringify([content, picture]) };
}

/** null: there is no sidecar. @throws UpreelError as `readSidecar` */
export async function sidecarFiles(path: string): Promise<SidecarFiles | null> {
  const written = await readWritten(path);
  if (written === null) return null;
  const others = Object.values(written.inputs).flatMap((input) => ('file' in input ? [input.file] : []));
  return { sidecar: sidecarName(path), others: [...new Set(others)] };
}

export function sidecarName(path: string): string {
  return `${basename(path)}.json`;
}

async function readWritten(path: string): Promise<Written | null> {
  const name = sidecarName(path);
  const bytes = await readNeighbour(path, name, MAX_SIDECAR_BYTES).catch((error: unknown) => {
    if (error instanceof UpreelError && error.code === 'model-missing') return null;
    throw error;
  });
  return bytes === null ? null : parse(Buffer.from(bytes).toString('utf8'), name);
}

function parse(text: string, name: string): Written {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw refused(`${name} beside it is no JSON.`, error);
  }
  const { success, data, error } = schema.safeParse(json);
  if (success) return data;
  const [issue] = error.issues;
  const place = issue?.path.join('.') ?? '';
  throw new UpreelError(
    'model-refused',
    `${name} beside the model is not as it should be: ${explain(place, issue?.message)}`,
    {
      hint: 'docs/networks.md, "A file beside the network", says what it may hold. Without the file the network is taken as it is.',
      cause: error,
    },
  );
}

function explain(place: string, message = 'it is not understood.'): string {
  return `${place === '' ? '' : `"${place}": `}${message}`.slice(0, 300).replace(/\p{Cc}/gu, '?');
}

async function givenInput(input: Written['inputs'][string], name: string, path: string): Promise<GivenInput> {
  // Loaded only now: who asks for the files' names alone need not load what writes ONNX.
  const { constantInput, ELEMENT_BYTES } = await import('./given-input.ts');
  if (Array.isArray(input)) return constantInput({ kind: 'numbers', name, values: input, shape: null });
  if ('values' in input) {
    return constantInput({ kind: 'numbers', name, values: input.values, shape: input.shape ?? null });
  }
  const { file, shape: dimensions, type } = input;
  const bytes = await readNeighbour(path, file, MAX_INPUT_BYTES);
  const expected = elementCount(dimensions) * ELEMENT_BYTES[type satisfies GivenType];
  if (bytes.length === expected) return constantInput({ kind: 'bytes', name, bytes, shape: dimensions, type });
  throw refused(`${file} has ${bytes.length} bytes, where [${dimensions.join(', ')}] of ${type} have ${expected}.`);
}

async function readNeighbour(path: string, name: string, limit: number): Promise<Uint8Array> {
  const file = await openNeighbour(dirname(path), name);
  try {
    if (file.size > limit) throw refused(`${name} beside it has ${file.size} bytes; the limit is ${limit}.`);
    const bytes = new Uint8Array(file.size);
    await file.read(bytes, 0);
    return bytes;
  } finally {
    await file.close();
  }
}
