import { refused } from '../import/refusal.ts';
import { elementCount, tensor } from '../tensor.ts';
import {
  bytesPerElement,
  checkedShape,
  decodeElements,
  type ElementType,
  type StoredTensor,
  wholeNumbers,
} from './stored-tensor.ts';

/** A .safetensors file begins with the length of its header, and the header with a brace. */
export function looksLikeSafetensors(bytes: Uint8Array): boolean {
  return bytes.length > 9 && bytes[8] === 0x7b && headerLength(bytes) <= bytes.length - 8;
}

/**
 * Reads the header of a .safetensors file as strictly as its specification: tensors cover the data without holes or
 * overlaps, and no name is given twice.
 * @throws UpreelError `model-refused`
 */
export function readSafetensors(bytes: Uint8Array): Map<string, StoredTensor> {
  const length = headerLength(bytes);
  if (length > MAX_HEADER_BYTES) throw refused(`its header has ${length} bytes, more than ${MAX_HEADER_BYTES}.`);
  if (length > bytes.length - 8) throw refused('its header is longer than the file.');
  const data = bytes.subarray(8 + length);
  const entries = parseHeader(Buffer.from(bytes.subarray(8, 8 + length)).toString('utf8'));
  const tensors = new Map(entries.map(([name, entry]) => [name, readEntry(name, entry, data)]));
  checkCoverage([...tensors.values()], data.length);
  return tensors;
}

const MAX_HEADER_BYTES = 4 * 1024 * 1024;

interface SafeTensor extends StoredTensor {
  readonly begin: number;
  readonly end: number;
}

function headerLength(bytes: Uint8Array): number {
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  return length > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(length);
}

function parseHeader(text: string): [string, Record<string, unknown>][] {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (error) {
    throw refused('its header is not JSON.', error);
  }
  if (!isRecord(header)) throw refused('its header is not a JSON object.');
  const entries = Object.entries(header);
  // JSON.parse keeps the last of two equal names without a word; then the text has more dtypes than the object.
  const written = text.match(/(?<!\\)"dtype"\s*:/g)?.length ?? 0;
  const kept = entries.filter(([, entry]) => isRecord(entry) && Object.hasOwn(entry, 'dtype')).length;
  if (written !== kept) throw refused('its header names a tensor twice.');
  return entries
    .filter(([name]) => name !== '__metadata__')
    .map(([name, entry]) => {
      if (!isRecord(entry)) throw refused(`its header has no description of ${name.slice(0, 80)}.`);
      return [name, entry];
    });
}

function readEntry(name: string, entry: Record<string, unknown>, data: Uint8Array): SafeTensor {
  const { dtype, shape: dimensions, data_offsets: offsets } = entry;
  const label = `tensor ${name.slice(0, 80)}`;
  const type = typeof dtype === 'string' && Object.hasOwn(ELEMENT_TYPES, dtype) ? ELEMENT_TYPES[dtype] : undefined;
  if (type === undefined)
    throw refused(`${label} has the unknown type ${typeof dtype === 'string' ? dtype.slice(0, 20) : typeof dtype}.`);
  if (!Array.isArray(dimensions) || !Array.isArray(offsets)) throw refused(`${label} has no shape or no offsets.`);
  const shape = checkedShape(dimensions, label);
  const [begin, end] = wholeNumbers(offsets, label);
  const count = elementCount(shape);
  if (begin === undefined || end === undefined || offsets.length !== 2 || end > data.length) {
    throw refused(`${label} lies outside the file.`);
  }
  if (end - begin !== count * bytesPerElement(type))
    throw refused(`${label} has ${end - begin} bytes for ${count} elements.`);
  return {
    shape,
    type,
    begin,
    end,
    read: () => tensor(shape, decodeElements(data.subarray(begin, end), type, count)),
  };
}

const ELEMENT_TYPES: Readonly<Record<string, ElementType>> = {
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  F64: 'float64',
  I64: 'int64',
  I32: 'int32',
  I16: 'int16',
  I8: 'int8',
  U8: 'int8',
  BOOL: 'int8',
};

function checkCoverage(tensors: readonly SafeTensor[], length: number): void {
  let position = 0;
  for (const { begin, end } of tensors.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== position) throw refused(begin < position ? 'its tensors overlap.' : 'its tensors leave a hole.');
    position = end;
  }
  if (position !== length) throw refused(`${length - position} bytes of its data belong to no tensor.`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
