import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ImportedNetwork } from '../../../../src/core/model/import/import-network.ts';
import type { OnnxOptions } from '../../../../src/core/model/index.ts';
import { fromDist } from '../../../support/dist.ts';
import { evaluateCompact, evaluateTorchEspcn, onLuma, type Planes } from '../../../support/reference-evaluator.ts';
import { expectEqual, importBytes, RGB8 } from '../run-network.ts';
import { rounded } from '../writers/element-bytes.ts';
import { ForeignOnnx, writeOnnxCompact } from '../writers/onnx-writer.ts';
import { nearlyPlainCompact } from '../writers/random-networks.ts';
import { randomEspcn } from '../writers/random-paper-networks.ts';
import { writeTorchZip } from '../writers/torch-writer.ts';

const COLOUR = nearlyPlainCompact(3);
const GRAY = nearlyPlainCompact(1);
const FREE = ['n', 'h', 'w', 3];
const REVERSAL = { shape: [3, 3, 1, 1], data: Float32Array.of(0, 0, 1, 0, 1, 0, 1, 0, 0) };

let built: typeof import('../../../../src/core/model/import/import-network.ts');
let folder: string;

beforeAll(async () => {
  // Trying a network takes a process, which only the build can start.
  built = await fromDist('core/model/import/import-network.js');
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'upreel-onnx-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

async function importOnnx(bytes: Uint8Array, options: OnnxOptions = {}): Promise<ImportedNetwork> {
  const path = join(folder, 'n.onnx');
  writeFileSync(path, bytes);
  return built.importNetwork({ path }, 'n', options);
}

const scaled = (factor: number) => (onnx: ForeignOnnx, value: string) => onnx.node('Mul', [value, onnx.values(factor)]);
const turned =
  (...perm: number[]) =>
  (onnx: ForeignOnnx, value: string) =>
    onnx.node('Transpose', [value], { perm });
const reversed = (onnx: ForeignOnnx, value: string) => onnx.node('Conv', [value, onnx.floats(REVERSAL)]);
/** Changes nothing, by an operator that upreel's own graph does not have. */
const strange = (onnx: ForeignOnnx, value: string) => onnx.node('Neg', [onnx.node('Neg', [value])]);
const both =
  (...steps: ((onnx: ForeignOnnx, value: string) => string)[]) =>
  (onnx: ForeignOnnx, value: string) =>
    steps.reduce((made, step) => step(onnx, made), value);

const colour = (picture: Planes) => evaluateCompact(COLOUR, picture);

describe('an ONNX file whose operators are understood', () => {
  it('is the same network as its checkpoint', async () => {
    const onnx = writeOnnxCompact(COLOUR);
    const network = await importOnnx(onnx.finish(onnx.output));
    const checkpoint = await importBytes({ 'n.pth': writeTorchZip(COLOUR) });
    const { decidedBy: _, id: __, ...facts } = checkpoint.descriptor;
    expect(network.descriptor).toMatchObject(facts);
    await expectEqual(network, colour);
  });

  it.each<[string, () => ForeignOnnx & { output: string }, OnnxOptions]>([
    ['channels last', () => writeOnnxCompact(COLOUR, { dimensions: FREE }, turned(0, 3, 1, 2), turned(0, 2, 3, 1)), {}],
    ['a fixed size', () => writeOnnxCompact(COLOUR, { dimensions: [1, 3, 64, 64] }), {}],
    ['samples 0..255', () => writeOnnxCompact(COLOUR, {}, scaled(1 / 255), scaled(255)), {}],
    ['samples 0..255 as told', () => writeOnnxCompact(COLOUR, {}, scaled(1 / 255), scaled(255)), { range: '0..255' }],
    ['samples 0..1 as told', () => writeOnnxCompact(COLOUR), { range: '0..1' }],
    ['blue first', () => writeOnnxCompact(COLOUR, {}, reversed, reversed), { channels: 'bgr' }],
  ])('%s', async (_, write, options) => {
    const onnx = write();
    const network = await importOnnx(onnx.finish(onnx.output), options);
    expect(network.descriptor).toMatchObject({ scale: 2, receptiveFieldPx: 3, alignPx: 1 });
    await expectEqual(network, colour);
  });

  it('float16', async () => {
    const onnx = writeOnnxCompact(COLOUR, { elements: 'float16' });
    await expectEqual(await importOnnx(onnx.finish(onnx.output)), (it) =>
      evaluateCompact(rounded(COLOUR, 'float16'), it),
    );
  });

  it.each([1, 3] as const)('one channel, for pictures of %d', async (channels) => {
    const onnx = writeOnnxCompact(GRAY, { dimensions: [1, 1, 'h', 'w'] });
    const network = await importOnnx(onnx.finish(onnx.output));
    await expectEqual(network, throughLuma, { bytesPerSample: 1, channels });
  });

  it('PixelShuffle as reshaping, on luma of one size, as in the super-resolution network of the ONNX model zoo', async () => {
    const network = await importOnnx(reshapingEspcn(24, 16), { range: '0..1' });
    expect(network.descriptor).toMatchObject({ architecture: 'graph', scale: 3, receptiveFieldPx: 5, alignPx: 1 });
    await expectEqual(network, (picture) => onLuma(picture, 3, espcn));
  });

  it.each<[string, Reshaping]>([
    ['other factors', { parted: [-1, 1, 1, 9, 16, 24] }],
    ['another order', { order: [0, 1, 4, 3, 5, 2] }],
    ['another end', { joined: [-1, 3, 48, 24] }],
  ])('reshaping with %s is not taken for PixelShuffle', async (_, changed) => {
    await expect(importOnnx(reshapingEspcn(24, 16, changed))).rejects.toMatchObject({
      code: 'model-unsupported',
      message: expect.stringContaining('version 10 of the operators (Conv, Relu, Reshape, Transpose)'),
    });
  });
});

describe('an ONNX file that is run as it is', () => {
  it.each<[string, () => ForeignOnnx & { output: string }, OnnxOptions]>([
    ['as torch exports it', () => writeOnnxCompact(COLOUR, {}, undefined, strange), {}],
    ['an older version', () => writeOnnxCompact(COLOUR, { opset: 11 }, undefined, strange), {}],
    ['a newer version', () => writeOnnxCompact(COLOUR, { opset: 21 }, undefined, strange), {}],
    [
      'channels last',
      () => writeOnnxCompact(COLOUR, { dimensions: FREE }, turned(0, 3, 1, 2), both(strange, turned(0, 2, 3, 1))),
      {},
    ],
    ['samples 0..255', () => writeOnnxCompact(COLOUR, {}, scaled(1 / 255), both(strange, scaled(255))), {}],
    ['blue first', () => writeOnnxCompact(COLOUR, {}, reversed, both(reversed, strange)), { channels: 'bgr' }],
  ])('%s', async (_, write, options) => {
    const onnx = write();
    const network = await importOnnx(onnx.finish(onnx.output), options);
    expect(network.descriptor).toMatchObject({ architecture: 'graph', scale: 2, receptiveFieldPx: null, alignPx: 1 });
    expect(network.descriptor.summary).toContain('run as it is');
    await expectEqual(network, colour);
  });

  it('float16, whose arithmetic is as coarse', async () => {
    const onnx = writeOnnxCompact(COLOUR, { elements: 'float16' }, undefined, strange);
    const network = await importOnnx(onnx.finish(onnx.output));
    await expectEqual(network, colour, RGB8, undefined, 1);
  });

  it.each([1, 3] as const)('one channel, for pictures of %d', async (channels) => {
    const onnx = writeOnnxCompact(GRAY, { dimensions: [1, 1, 'h', 'w'] }, undefined, strange);
    await expectEqual(await importOnnx(onnx.finish(onnx.output)), throughLuma, { bytesPerSample: 1, channels });
  });

  it('finds the multiple that sizes must have', async () => {
    const onnx = new ForeignOnnx();
    const folded = onnx.node('SpaceToDepth', ['input'], { blocksize: 4 });
    const output = onnx.node('DepthToSpace', [folded], { blocksize: 4, mode: 'DCR' });
    const network = await importOnnx(onnx.finish(output));
    expect(network.descriptor).toMatchObject({ scale: 1, alignPx: 4 });
    await expectEqual(network, (picture) => picture);
  });

  it('takes what upreel exports', async () => {
    const exported = (await importBytes({ 'n.pth': writeTorchZip(COLOUR) })).wrap(RGB8);
    const network = await importOnnx(exported);
    expect(network.descriptor).toMatchObject({ scale: 2, alignPx: 1 });
    await expectEqual(network, colour);
  });

  it('has another content hash when it is fed otherwise', async () => {
    const onnx = writeOnnxCompact(COLOUR, {}, undefined, strange);
    const bytes = onnx.finish(onnx.output);
    const hashes = await Promise.all(
      [{}, { channels: 'bgr' as const }, { range: '0..255' as const }].map(async (it, index) => {
        const path = join(folder, `fed-${index}.onnx`);
        writeFileSync(path, bytes);
        return (await built.importNetwork({ path }, 'n', it)).descriptor.contentHash;
      }),
    );
    expect(new Set(hashes).size).toBe(3);
  });
});

describe('an ONNX file that upreel cannot run', () => {
  it.each<[string, () => ForeignOnnx & { output: string }, string, RegExp]>([
    [
      'makes no picture like its input',
      () => writeOnnxCompact(COLOUR, {}, undefined, (onnx, it) => onnx.node('Sub', [onnx.values(9), it])),
      'model-unsupported',
      /no picture like the one it gets/,
    ],
    [
      'runs on one size only, which is tiny',
      () => writeOnnxCompact(COLOUR, { dimensions: [1, 3, 64, 8] }, undefined, strange),
      'model-unsupported',
      /8x64 pixels only/,
    ],
    [
      'takes four channels',
      () => writeOnnxCompact(COLOUR, { dimensions: [1, 4, 'h', 'w'] }),
      'model-unsupported',
      /\[1, 4, \?, \?\]/,
    ],
    [
      'takes a batch',
      () => writeOnnxCompact(COLOUR, { dimensions: [2, 3, 'h', 'w'] }),
      'model-unsupported',
      /2 pictures at a time/,
    ],
    [
      'makes something else than a picture',
      () => writeOnnxCompact(COLOUR, {}, undefined, (onnx, it) => onnx.node('GlobalMaxPool', [it])),
      'model-unsupported',
      /makes \[1, 3, 1, 1\] of/,
    ],
    [
      'does not run',
      () => writeOnnxCompact(COLOUR, {}, undefined, (onnx, it) => onnx.node('MatMul', [it, onnx.values(1, 2, 3)])),
      'model-refused',
      /does not run on a small test picture/,
    ],
    [
      'is of an unknown operator',
      () => writeOnnxCompact(COLOUR, {}, undefined, (onnx, it) => onnx.node('Upscale', [it])),
      'model-refused',
      /does not run/,
    ],
    [
      'is old and not understood',
      () => writeOnnxCompact(COLOUR, { opset: 9 }, undefined, strange),
      'model-unsupported',
      /version 9 of the operators/,
    ],
  ])('%s', async (_, write, code, message) => {
    const onnx = write();
    await expect(importOnnx(onnx.finish(onnx.output))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });
});

const throughLuma = (picture: Planes) => onLuma(picture, 2, (luma) => evaluateCompact(GRAY, luma));

const ESPCN = randomEspcn('torch', 5);

function espcn(luma: Planes): Planes {
  return evaluateTorchEspcn(ESPCN, luma);
}

interface Reshaping {
  readonly parted?: readonly number[];
  readonly order?: readonly number[];
  readonly joined?: readonly number[];
}

function reshapingEspcn(width: number, height: number, changed: Reshaping = {}): Uint8Array {
  const onnx = new ForeignOnnx({ dimensions: [1, 1, height, width], opset: 10 });
  let value = 'input';
  for (let layer = 1; layer <= 4; layer++) {
    const [weight, bias] = [ESPCN.get(`conv${layer}.weight`)!, ESPCN.get(`conv${layer}.bias`)!];
    const pad = (weight.shape[2]! - 1) / 2;
    value = onnx.node('Conv', [value, onnx.floats(weight), onnx.floats(bias)], { pads: [pad, pad, pad, pad] });
    if (layer < 4) value = onnx.node('Relu', [value]);
  }
  const parted = onnx.integers(...(changed.parted ?? [-1, 1, 3, 3, height, width]));
  const turned = onnx.node('Transpose', [onnx.node('Reshape', [value, parted])], {
    perm: changed.order ?? [0, 1, 4, 2, 5, 3],
  });
  const joined = onnx.integers(...(changed.joined ?? [-1, 1, 3 * height, 3 * width]));
  return onnx.finish(onnx.node('Reshape', [turned, joined]));
}
