import type { Size } from '../../pixels/geometry.ts';

/** What a decoder is told of an HEVC picture in front of its data (ISO/IEC 14496-15, 8.3.3.1). */
export interface HevcConfig {
  /** Parameter sets, without start codes or lengths. */
  readonly sets: readonly Uint8Array[];
  /** Of the lengths in front of the units of the data. */
  readonly lengthBytes: number;
  readonly gray: boolean;
  readonly bitsPerSample: number;
  /** Of the pictures that a decoder allocates, before its own cropping. */
  readonly size: Size;
}

/** null: cut off, or the sequence's parameter set makes no sense. @param body the "hvcC" property */
export function parseHevcConfig(body: Buffer): HevcConfig | null {
  try {
    const sets: Buffer[] = [];
    let at = CONFIG_BYTES;
    for (let arrays = body.readUInt8(22); arrays > 0; arrays--) {
      let count = body.readUInt16BE(at + 1);
      for (at += 3; count > 0; count--) {
        const end = at + 2 + body.readUInt16BE(at);
        if (end > body.length) return null;
        sets.push(body.subarray(at + 2, end));
        at = end;
      }
    }
    const sps = sets.find((set) => unitType(set) === SPS);
    return sps === undefined
      ? null
      : { sets, lengthBytes: (body.readUInt8(21) & 3) + 1, ...readSequence(withoutEmulation(sps)) };
  } catch (error) {
    // A length that points beyond the box.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

const CONFIG_BYTES = 23;

/** The units of an item's data but for parameter sets, which are the configuration's; null: cut off. */
export function splitUnits(data: Buffer, lengthBytes: number): Buffer[] | null {
  const units: Buffer[] = [];
  for (let at = 0; at < data.length; ) {
    if (at + lengthBytes > data.length) return null;
    const start = at + lengthBytes;
    at = start + data.readUIntBE(at, lengthBytes);
    if (at > data.length) return null;
    const unit = data.subarray(start, at);
    if (unit.length > 0 && (unitType(unit) < VPS || unitType(unit) > PPS)) units.push(unit);
  }
  return units;
}

/** ITU-T H.265, table 7-1. */
const VPS = 32;
const SPS = 33;
const PPS = 34;

function unitType(unit: Uint8Array): number {
  return ((unit[0] ?? 0) >> 1) & 63;
}

/** ITU-T H.265, 7.3.1.1: a 3 behind two zeros is not part of the data. */
function withoutEmulation(unit: Buffer): Buffer {
  return Buffer.from(unit.filter((byte, at) => !(byte === 3 && unit[at - 1] === 0 && unit[at - 2] === 0)));
}

/** The start of a sequence parameter set (ITU-T H.265, 7.3.2.2.1). */
function readSequence(sps: Buffer): Pick<HevcConfig, 'gray' | 'bitsPerSample' | 'size'> {
  const bits = bitReader(sps);
  bits.skip(16 + 4);
  const subLayers = bits.read(3);
  bits.skip(1 + GENERAL_PROFILE_BITS);
  skipSubLayers(bits, subLayers);
  bits.exponential();
  const chroma = bits.exponential();
  if (chroma === 3) bits.skip(1);
  const size = { width: bits.exponential(), height: bits.exponential() };
  if (bits.read(1) === 1) for (let side = 0; side < 4; side++) bits.exponential();
  const luma = 8 + bits.exponential();
  return { gray: chroma === 0, bitsPerSample: chroma === 0 ? luma : Math.max(luma, 8 + bits.exponential()), size };
}

/** Profile, compatibility, constraints and level (ITU-T H.265, 7.3.3). */
const GENERAL_PROFILE_BITS = 96;

function skipSubLayers(bits: BitReader, subLayers: number): void {
  if (subLayers === 0) return;
  const present = Array.from({ length: 8 }, () => ({ profile: bits.read(1), level: bits.read(1) }));
  for (const { profile, level } of present.slice(0, subLayers)) bits.skip(profile * 88 + level * 8);
}

type BitReader = ReturnType<typeof bitReader>;

/** Throws RangeError past the end. */
function bitReader(bytes: Buffer) {
  let at = 0;
  const read = (count: number): number => {
    let value = 0;
    for (const end = at + count; at < end; at++) value = value * 2 + ((bytes.readUInt8(at >> 3) >> (7 - (at & 7))) & 1);
    return value;
  };
  return {
    read,
    skip: (count: number): void => {
      at += count;
    },
    /** 0-th order Exp-Golomb (ITU-T H.265, 9.2). */
    exponential: (): number => {
      let zeros = 0;
      while (read(1) === 0) zeros++;
      if (zeros > 32) throw new RangeError('Expected a number of at most 32 bits.');
      return 2 ** zeros - 1 + read(zeros);
    },
  };
}
