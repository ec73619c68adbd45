import { open } from 'node:fs/promises';
import { type ByteSource, fileSource } from '../bytes/byte-source.ts';

/** A stream of AV1 in an IVF file, as it is to lie in boxes. */
export interface Av1Stream {
  readonly path: string;
  /** Where the samples are in the file, without their temporal delimiters. */
  readonly samples: readonly { readonly start: number; readonly end: number; readonly isKey: boolean }[];
  /** seq_profile, seq_level_idx[0] and seq_tier[0] of its sequence header. */
  readonly profile: number;
  readonly level: number;
  readonly tier: number;
}

/**
 * @throws Error for anything that is no IVF file of AV1.
 * @see AV1 Bitstream & Decoding Process Specification, sections 5.3 and 5.5; AV1 in ISOBMFF, section 2.4
 */
export async function readIvf(path: string): Promise<Av1Stream> {
  const file = await open(path, 'r');
  try {
    const source = await fileSource(file);
    const samples = [];
    let header: Buffer | null = null;
    for (let at = IVF_HEADER_BYTES; at + IVF_FRAME_BYTES <= source.size; ) {
      const start = at + IVF_FRAME_BYTES;
      const end = start + (await source.read(at, 4)).readUInt32LE();
      const { begin, sequenceHeader } = await lookAt(source, start, end);
      samples.push({ start: begin, end, isKey: sequenceHeader !== null });
      header ??= sequenceHeader;
      at = end;
    }
    if (header === null) throw new Error(`Expected AV1 in ${path}.`);
    return { path, samples, ...levelOf(header) };
  } finally {
    await file.close();
  }
}

const IVF_HEADER_BYTES = 32;
const IVF_FRAME_BYTES = 12;
const OBU = { sequenceHeader: 1, temporalDelimiter: 2 } as const;

/** Where a temporal unit begins behind its delimiter, and its sequence header, which only comes with a key frame. */
async function lookAt(source: ByteSource, start: number, end: number) {
  let begin = start;
  for (let at = start; at < end; ) {
    const head = await source.read(at, 64);
    const type = (head[0]! >> 3) & 15;
    const { value, bytes } = leb128(head, (head[0]! & 4) === 0 ? 1 : 2);
    const body = bytes;
    if (type === OBU.sequenceHeader) return { begin, sequenceHeader: head.subarray(body, body + value) };
    if (type !== OBU.temporalDelimiter) break;
    at += body + value;
    begin = at;
  }
  return { begin, sequenceHeader: null };
}

/** A number in groups of seven bits, lowest first; `bytes`: where it ends. */
function leb128(data: Buffer, start: number): { value: number; bytes: number } {
  let value = 0;
  for (let index = 0; index < 8; index++) {
    const byte = data[start + index]!;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, bytes: start + index + 1 };
  }
  throw new Error('Expected a size in AV1 data.');
}

/** Of a header with one operating point and no timing, such as encoders of pictures and files write. */
function levelOf(header: Buffer): Pick<Av1Stream, 'profile' | 'level' | 'tier'> {
  const bits = (start: number, count: number) => {
    let value = 0;
    for (let bit = start; bit < start + count; bit++) value = value * 2 + ((header[bit >> 3]! >> (7 - (bit & 7))) & 1);
    return value;
  };
  const [profile, isReduced, hasTiming] = [bits(0, 3), bits(4, 1), bits(5, 1)];
  if (isReduced === 1) return { profile, level: bits(5, 5), tier: 0 };
  if (hasTiming === 1 || bits(7, 5) !== 0) throw new Error('Expected AV1 of one layer without timing.');
  const level = bits(24, 5);
  return { profile, level, tier: level > 7 ? bits(29, 1) : 0 };
}
