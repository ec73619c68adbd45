/** A device colour (0..1 each) to the profile's connection space: CIELAB (L* 0..100) or XYZ (Y 0..1), both of D50. */
export interface IccLut {
  readonly space: 'Lab' | 'XYZ';
  /** ICC version 4 or later. */
  readonly isV4: boolean;
  evaluate(device: Float64Array, connection: Float64Array): void;
}

/**
 * The perceptual table (AToB0, else the colorimetric one) of a profile for `inputs` channels; null: none, or one that
 * makes no sense. @see ICC.1:2022, 10.10 to 10.12
 */
export function readIccLut(icc: Uint8Array, inputs: number): IccLut | null {
  try {
    const bytes = Buffer.from(icc.buffer, icc.byteOffset, icc.byteLength);
    const space = bytes.toString('latin1', 20, 23);
    const tag = findTag(bytes, 'A2B0') ?? findTag(bytes, 'A2B1');
    if (tag === null || (space !== 'Lab' && space !== 'XYZ')) return null;
    const type = tag.toString('latin1', 0, 4);
    const table = type === 'mAB ' ? readMab(tag) : readMft(tag, type === 'mft1' ? 1 : 2);
    if (!['mft1', 'mft2', 'mAB '].includes(type) || table.inputs !== inputs || table.outputs !== 3) return null;
    const decode = space === 'XYZ' ? decodeXyz : type === 'mft2' ? decodeLab2 : decodeLab;
    const evaluate: IccLut['evaluate'] = (device, connection) => {
      table.run(device, connection);
      decode(connection);
    };
    return { space, isV4: bytes[8]! >= 4, evaluate };
  } catch (error) {
    // What a hostile profile makes of offsets ends beyond the buffer.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function findTag(icc: Buffer, name: string): Buffer | null {
  const count = Math.min(100, icc.readUInt32BE(128));
  for (let at = 132; at < 132 + 12 * count; at += 12) {
    if (icc.toString('latin1', at, at + 4) !== name) continue;
    const [offset, size] = [icc.readUInt32BE(at + 4), icc.readUInt32BE(at + 8)];
    return icc.subarray(offset, offset + size);
  }
  return null;
}

/** Lab of 8 bits and of version 4: a* and b* from -128 to 127. */
function decodeLab(values: Float64Array): void {
  values[0]! *= 100;
  values[1] = values[1]! * 255 - 128;
  values[2] = values[2]! * 255 - 128;
}

/** Lab of 16 bits in version 2: 0xff00 is L* 100. */
function decodeLab2(values: Float64Array): void {
  values[0]! *= (100 * 65_535) / 65_280;
  values[1] = values[1]! * (65_535 / 256) - 128;
  values[2] = values[2]! * (65_535 / 256) - 128;
}

function decodeXyz(values: Float64Array): void {
  for (let channel = 0; channel < 3; channel++) values[channel]! *= 1 + 32_767 / 32_768;
}

type Curve = (value: number) => number;

interface Table {
  readonly inputs: number;
  readonly outputs: number;
  run(device: Float64Array, connection: Float64Array): void;
}

/** lut8Type and lut16Type; their matrix is for XYZ as input alone. */
function readMft(tag: Buffer, sampleBytes: 1 | 2): Table {
  const [inputs, outputs, points] = [tag.readUInt8(8), tag.readUInt8(9), tag.readUInt8(10)];
  const [inputEntries, outputEntries] = sampleBytes === 1 ? [256, 256] : [tag.readUInt16BE(48), tag.readUInt16BE(50)];
  let at = sampleBytes === 1 ? 48 : 52;
  const take = (count: number) => {
    const samples = readSamples(tag, at, count, sampleBytes);
    at += count * sampleBytes;
    return samples;
  };
  const curves = (count: number, entries: number) => Array.from({ length: count }, () => sampled(take(entries)));
  const before = curves(inputs, inputEntries);
  const grid = new Array<number>(inputs).fill(points);
  const clut = take(points ** inputs * outputs);
  return makeTable({ before, grid, clut, middle: null, after: curves(outputs, outputEntries) });
}

/** lutAToBType: A curves, table, M curves, matrix, B curves. */
function readMab(tag: Buffer): Table {
  const [inputs, outputs] = [tag.readUInt8(8), tag.readUInt8(9)];
  const [b, matrixAt, m, clutAt, a] = [12, 16, 20, 24, 28].map((at) => tag.readUInt32BE(at));
  if (clutAt === 0 || a === 0) throw new RangeError('Expected a table for several inks.');
  const grid = Array.from({ length: inputs }, (_, channel) => tag.readUInt8(clutAt! + channel));
  const sampleBytes = tag.readUInt8(clutAt! + 16) === 1 ? 1 : 2;
  const count = grid.reduce((product, points) => product * points, outputs);
  const clut = readSamples(tag, clutAt! + 20, count, sampleBytes);
  const middle =
    m === 0 || matrixAt === 0
      ? null
      : {
          curves: readCurves(tag, m!, outputs),
          matrix: Array.from({ length: 12 }, (_, i) => tag.readInt32BE(matrixAt! + 4 * i) / 65_536),
        };
  return makeTable({ before: readCurves(tag, a!, inputs), grid, clut, middle, after: readCurves(tag, b!, outputs) });
}

function readSamples(from: Buffer, at: number, count: number, sampleBytes: 1 | 2): Float64Array {
  if (at + count * sampleBytes > from.length) throw new RangeError('Expected a whole table.');
  return Float64Array.from({ length: count }, (_, index) =>
    sampleBytes === 1 ? from.readUInt8(at + index) / 255 : from.readUInt16BE(at + 2 * index) / 65_535,
  );
}

function readCurves(tag: Buffer, start: number, count: number): Curve[] {
  let at = start;
  return Array.from({ length: count }, () => {
    const type = tag.toString('latin1', at, at + 4);
    const { curve, bytes } = type === 'para' ? parametric(tag, at) : listed(tag, at);
    at += bytes + ((4 - (bytes % 4)) % 4);
    return curve;
  });
}

function listed(tag: Buffer, at: number): { curve: Curve; bytes: number } {
  const count = tag.readUInt32BE(at + 8);
  const bytes = 12 + 2 * count;
  if (count === 0) return { curve: (value) => value, bytes };
  const gamma = tag.readUInt16BE(at + 12) / 256;
  if (count === 1) return { curve: (value) => Math.max(0, value) ** gamma, bytes };
  return { curve: sampled(readSamples(tag, at + 12, count, 2)), bytes };
}

/** ICC.1, 10.18. */
function parametric(tag: Buffer, at: number): { curve: Curve; bytes: number } {
  const kind = tag.readUInt16BE(at + 8);
  const count = [1, 3, 4, 5, 7][kind];
  if (count === undefined) throw new RangeError('Expected one of five kinds of curve.');
  const [g = 1, a = 1, b = 0, c = 0, d = 0, e = 0, f = 0] = Array.from(
    { length: count },
    (_, i) => tag.readInt32BE(at + 12 + 4 * i) / 65_536,
  );
  const power: Curve = (value) => Math.max(0, a * value + b) ** g;
  const curves: readonly Curve[] = [
    (value) => Math.max(0, value) ** g,
    (value) => (value >= -b / a ? power(value) : 0),
    (value) => (value >= -b / a ? power(value) + c : c),
    (value) => (value >= d ? power(value) : c * value),
    (value) => (value >= d ? power(value) + e : c * value + f),
  ];
  return { curve: curves[kind]!, bytes: 12 + 4 * count };
}

function sampled(samples: Float64Array): Curve {
  const last = samples.length - 1;
  if (last < 1) throw new RangeError('Expected a curve of two samples or more.');
  return (value) => {
    const place = Math.min(1, Math.max(0, value)) * last;
    const below = Math.min(last - 1, Math.floor(place));
    return samples[below]! + (samples[below + 1]! - samples[below]!) * (place - below);
  };
}

interface Stages {
  readonly before: readonly Curve[];
  /** Points along each input. */
  readonly grid: readonly number[];
  /** The last input changes fastest. */
  readonly clut: Float64Array;
  readonly middle: { readonly curves: readonly Curve[]; readonly matrix: readonly number[] } | null;
  readonly after: readonly Curve[];
}

function makeTable({ before, grid, clut, middle, after }: Stages): Table {
  if (grid.some((points) => points < 2)) throw new RangeError('Expected two points or more along each ink.');
  const [inputs, outputs] = [before.length, after.length];
  const steps = grid.map((_, input) => grid.slice(input + 1).reduce((product, points) => product * points, outputs));
  const place = new Float64Array(inputs);
  const order = Array.from({ length: Math.min(3, inputs) }, (_, index) => inputs - 1 - index);
  return {
    inputs,
    outputs,
    run(device, connection) {
      let corner = 0;
      for (let input = 0; input < inputs; input++) {
        const at = Math.min(1, Math.max(0, before[input]!(device[input]!))) * (grid[input]! - 1);
        const below = Math.min(grid[input]! - 2, Math.floor(at));
        corner += below * steps[input]!;
        place[input] = at - below;
      }
      interpolate(clut, corner, steps, place, order, connection);
      if (middle !== null) {
        const [x, y, z] = middle.curves.map((curve, channel) => curve(connection[channel]!));
        for (let row = 0; row < 3; row++) {
          const [a, b, c] = middle.matrix.slice(3 * row, 3 * row + 3);
          connection[row] = a! * x! + b! * y! + c! * z! + middle.matrix[9 + row]!;
        }
      }
      for (let output = 0; output < outputs; output++) connection[output] = after[output]!(connection[output]!);
    },
  };
}

/**
 * As Little CMS does: linear along the first of four inks, and among the other three along the edges of the tetrahedron
 * that the place lies in, the longest first.
 */
function interpolate(
  clut: Float64Array,
  corner: number,
  steps: readonly number[],
  place: Float64Array,
  order: number[],
  into: Float64Array,
): void {
  into.fill(0);
  const outer = place.length > 3 ? place[0]! : 0;
  // Insertion sort: a handful of inputs, nearly sorted from pixel to pixel.
  for (let index = 1; index < order.length; index++) {
    for (let at = index; at > 0 && place[order[at]!]! > place[order[at - 1]!]!; at--) {
      [order[at], order[at - 1]] = [order[at - 1]!, order[at]!];
    }
  }
  for (const [start, share] of [
    [corner, 1 - outer],
    [corner + steps[0]!, outer],
  ] as const) {
    let [at, before] = [start, 1];
    for (let index = 0; share > 0 && index <= order.length; index++) {
      const after = index === order.length ? 0 : place[order[index]!]!;
      for (let output = 0; output < into.length; output++)
        into[output]! += share * (before - after) * clut[at + output]!;
      before = after;
      if (index < order.length) at += steps[order[index]!]!;
    }
  }
}
