import { dirname } from 'node:path';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { MAX_MODEL_BYTES } from '../checkpoint/read-model-file.ts';
import { refused } from '../import/refusal.ts';
import { type NeighbourFile, openNeighbour } from './neighbour-file.ts';
import { bytesOf, type ProtoField, ProtoReader, textOf } from './proto-reader.ts';

/** Bytes of a file beside the ONNX file, as its "external data" says. */
interface DataPiece {
  readonly location: string;
  readonly offset: number;
  /** null: up to the file's end. */
  readonly length: number | null;
}

/**
 * The ONNX file with the values that it keeps in files beside it written into it, so that whoever reads it needs no
 * other, and its hash is that of all of them. The same bytes if it keeps none.
 * @throws UpreelError `model-missing` (no such file), `model-refused` (places outside of the folder, links, ranges that
 * the file does not have, more than `MAX_MODEL_BYTES` altogether)
 */
export async function withExternalData(bytes: Uint8Array<ArrayBuffer>, path: string): Promise<Uint8Array<ArrayBuffer>> {
  const parts = inlined(bytes);
  const locations = locationsIn(parts);
  if (locations.length === 0) return bytes;
  if (locations.length > MAX_FILES)
    throw refused(`its weights are in ${locations.length} files; the limit is ${MAX_FILES}.`);
  const files = new Map<string, NeighbourFile>();
  try {
    for (const name of locations) files.set(name, await openNeighbour(dirname(path), name));
    return await joined(measured(parts, files), files);
  } finally {
    for (const file of files.values()) await file.close();
  }
}

/** Old exporters make one for each weight. All are open at a time. */
const MAX_FILES = 500;

/** Names of the files beside it that an ONNX file keeps values in. @throws UpreelError `model-refused` */
export function externalFiles(bytes: Uint8Array): readonly string[] {
  return locationsIn(inlined(bytes));
}

/** What the new file consists of: bytes as they are, pieces of other files, and messages of such parts. */
type Part =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'piece'; readonly piece: DataPiece }
  | { readonly kind: 'message'; readonly number: number; readonly parts: readonly Part[] };

function inlined(model: Uint8Array): readonly Part[] {
  const reader = new ProtoReader();
  return replaced(reader, model, MODEL_GRAPH, (graph) =>
    replaced(reader, graph, GRAPH_INITIALIZER, (tensor) => tensorParts(reader, tensor)),
  );
}

/** Field numbers of ModelProto, GraphProto and TensorProto. */
const MODEL_GRAPH = 7;
const GRAPH_INITIALIZER = 5;
const RAW_DATA = 9;
const EXTERNAL_DATA = 13;
const DATA_LOCATION = 14;

/** A message whose fields of one number are made anew. */
function replaced(
  reader: ProtoReader,
  message: Uint8Array,
  number: number,
  make: (field: Uint8Array) => readonly Part[],
): readonly Part[] {
  const parts: Part[] = [];
  let kept = 0;
  for (const field of reader.fields(message)) {
    if (field.number !== number) continue;
    const made = make(bytesOf(field));
    if (made.every(({ kind }) => kind === 'bytes')) continue;
    parts.push({ kind: 'bytes', bytes: message.subarray(kept, field.start) }, { kind: 'message', number, parts: made });
    kept = field.end;
  }
  return [...parts, { kind: 'bytes', bytes: message.subarray(kept) }];
}

function tensorParts(reader: ProtoReader, tensor: Uint8Array): readonly Part[] {
  const entries = new Map<string, string>();
  const others: Part[] = [];
  let isExternal = false;
  for (const field of reader.fields(tensor)) {
    if (field.number === DATA_LOCATION && field.wire === 'varint') isExternal ||= field.value !== 0;
    else if (field.number === EXTERNAL_DATA) {
      const [key, value] = readEntry(reader, bytesOf(field));
      entries.set(key, value);
    } else if (!isEmpty(field)) others.push({ kind: 'bytes', bytes: tensor.subarray(field.start, field.end) });
  }
  if (!isExternal && entries.size === 0) return [{ kind: 'bytes', bytes: tensor }];
  const location = entries.get('location');
  if (location === undefined)
    throw refused('a tensor is said to be in another file (external data), and not in which.');
  const [offset, length] = [wholeNumber(entries, 'offset') ?? 0, wholeNumber(entries, 'length')];
  return [
    ...others,
    { kind: 'message', number: RAW_DATA, parts: [{ kind: 'piece', piece: { location, offset, length } }] },
  ];
}

/** Some writers leave an empty value where it was: with the one from the file the tensor would have two. */
function isEmpty(field: ProtoField): boolean {
  return field.number === RAW_DATA && field.wire === 'bytes' && field.bytes.length === 0;
}

function readEntry(reader: ProtoReader, bytes: Uint8Array): [string, string] {
  let [key, value] = ['', ''];
  for (const field of reader.fields(bytes)) {
    if (field.number === 1) key = textOf(field);
    if (field.number === 2) value = textOf(field);
  }
  return [key, value];
}

function wholeNumber(entries: ReadonlyMap<string, string>, key: string): number | null {
  const text = entries.get(key);
  if (text === undefined) return null;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw refused(`a tensor in another file (external data) has the ${key} "${text.slice(0, 40)}".`);
}

function locationsIn(parts: readonly Part[]): string[] {
  const names = new Set<string>();
  const visit = (part: Part): void => {
    if (part.kind === 'piece') names.add(part.piece.location);
    else if (part.kind === 'message') part.parts.forEach(visit);
  };
  parts.forEach(visit);
  return [...names];
}

/** The new file from front to back. */
type Run =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'read'; readonly location: string; readonly offset: number; readonly length: number };

function measured(parts: readonly Part[], files: ReadonlyMap<string, NeighbourFile>): { runs: Run[]; length: number } {
  const runs: Run[] = [];
  let length = 0;
  const add = (run: Run, bytes: number): void => {
    runs.push(run);
    length += bytes;
    if (length > MAX_MODEL_BYTES) throw refused(`it has more than ${MAX_MODEL_BYTES} bytes with its external data.`);
  };
  for (const part of parts) {
    switch (part.kind) {
      case 'bytes':
        add(part, part.bytes.length);
        break;
      case 'piece': {
        const read = rangeOf(part.piece, files);
        add({ kind: 'read', ...read }, read.length);
        break;
      }
      case 'message': {
        const inner = measured(part.parts, files);
        const head = new BinaryWriter().tag(part.number, WireType.LengthDelimited).uint32(inner.length).finish();
        add({ kind: 'bytes', bytes: head }, head.length + inner.length);
        for (const run of inner.runs) runs.push(run);
        break;
      }
    }
  }
  return { runs, length };
}

function rangeOf({ location, offset, length }: DataPiece, files: ReadonlyMap<string, NeighbourFile>) {
  const { size } = files.get(location)!;
  const end = length === null ? size : offset + length;
  if (offset <= end && end <= size) return { location, offset, length: end - offset };
  throw refused(`a tensor is said to be in the bytes ${offset} to ${end} of ${location}, which has ${size}.`);
}

async function joined(
  { runs, length }: { runs: readonly Run[]; length: number },
  files: ReadonlyMap<string, NeighbourFile>,
): Promise<Uint8Array<ArrayBuffer>> {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const run of runs) {
    if (run.kind === 'bytes') {
      whole.set(run.bytes, at);
      at += run.bytes.length;
    } else {
      await files.get(run.location)!.read(whole.subarray(at, at + run.length), run.offset);
      at += run.length;
    }
  }
  return whole;
}
