import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { AttributeProto_AttributeType, TensorProtoSchema } from 'onnx-buf';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImportedNetwork } from '../../../../src/core/model/import/import-network.ts';
import { fromDist } from '../../../support/dist.ts';
import { evaluateCompact } from '../../../support/reference-evaluator.ts';
import { expectEqual } from '../run-network.ts';
import { encodeElements, rounded } from '../writers/element-bytes.ts';
import { ForeignOnnx, writeOnnxCompact } from '../writers/onnx-writer.ts';
import { nearlyPlainCompact } from '../writers/random-networks.ts';

const WEIGHTS = nearlyPlainCompact(3);
const OPSETS = [11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21];
const FORMS = ['float32', 'float16', 'bfloat16'] as const;
const PORTS = { float32: 1, float16: 10, bfloat16: 16 } as const;
/** Named, numbered, and with or without a batch. */
const DIMENSIONS = [
  [1, 3, 'height', 'width'],
  ['batch', 3, 'h', 'w'],
  ['N', 3, -1, 0],
  ['batch_size', 'channels', 'dynamic_axes_1', 'dynamic_axes_2'],
];

let built: typeof import('../../../../src/core/model/import/import-network.ts');
let folder: string;

beforeAll(async () => {
  built = await fromDist('core/model/import/import-network.js');
  folder = await mkdtemp(join(tmpdir(), 'upreel-forms-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function importOnnx(name: string, bytes: Uint8Array): Promise<ImportedNetwork> {
  const path = join(folder, `${name.replaceAll(' ', '-')}.onnx`);
  await writeFile(path, bytes);
  return built.importNetwork({ path }, 'n', { range: '0..1' });
}

/** Changes nothing, by operators that upreel's own graph does not have and that took other inputs before version 13. */
const strange = (opset: number) => (onnx: ForeignOnnx, value: string) => {
  const by = (operator: string, input: string) =>
    opset < 13 ? onnx.node(operator, [input], { axes: [0] }) : onnx.node(operator, [input, onnx.integers(0)]);
  return by('Squeeze', by('Unsqueeze', value));
};

describe.each(OPSETS)('an ONNX file of version %i', (opset) => {
  it.each(FORMS)('whose operators are understood, with weights of %s', async (elements) => {
    const dimensions = DIMENSIONS[(opset + FORMS.indexOf(elements)) % DIMENSIONS.length]!;
    const onnx = writeOnnxCompact(WEIGHTS, { opset, elements, dimensions });
    const network = await importOnnx(`known ${opset} ${elements}`, onnx.finish(onnx.output));
    expect(network.descriptor).toMatchObject({ scale: 2, receptiveFieldPx: 3 });
    await expectEqual(network, (picture) => evaluateCompact(rounded(WEIGHTS, elements), picture));
  });

  const elements = FORMS[opset % FORMS.length]!;
  it(`that is run as it is, with weights of ${elements}`, async () => {
    const dimensions = DIMENSIONS[opset % 3]!;
    const onnx = writeOnnxCompact(WEIGHTS, { opset, elements, dimensions }, undefined, strange(opset));
    const network = await importOnnx(`strange ${opset}`, onnx.finish(onnx.output));
    expect(network.descriptor).toMatchObject({ scale: 2, summary: expect.stringContaining('run as it is') });
    const share = elements === 'float16' ? 1 : undefined;
    await expectEqual(network, (it) => evaluateCompact(rounded(WEIGHTS, elements), it), undefined, undefined, share);
  });
});

it.each(['float16', 'bfloat16'] as const)(
  '%s between casts, as converters keep the ports of float32',
  async (elements) => {
    const cast = (to: number) => (onnx: ForeignOnnx, value: string) => onnx.node('Cast', [value], { to });
    const shape = { elements, ports: 'float32' } as const;
    for (const [name, steps] of [
      ['known', (_: ForeignOnnx, value: string) => value],
      ['strange', strange(17)],
    ] as const) {
      const after = (onnx: ForeignOnnx, value: string) => cast(1)(onnx, steps(onnx, value));
      const onnx = writeOnnxCompact(WEIGHTS, shape, cast(PORTS[elements]), after);
      const network = await importOnnx(`cast ${name} ${elements}`, onnx.finish(onnx.output));
      expect(network.descriptor.summary.includes('run as it is')).toBe(name === 'strange');
      const share = elements === 'float16' ? 1 : undefined;
      await expectEqual(network, (it) => evaluateCompact(rounded(WEIGHTS, elements), it), undefined, undefined, share);
    }
  },
);

it('bfloat16 in the setting of a layer, and as whole numbers', async () => {
  const onnx = new ForeignOnnx({ elements: 'bfloat16', ports: 'float32' });
  const half = create(TensorProtoSchema, { dims: [], dataType: 16, int32Data: [0x3f00] });
  const setting = { message: { type: AttributeProto_AttributeType.TENSOR, t: half } };
  const values = { message: { type: AttributeProto_AttributeType.TENSOR, t: onesOf(1) } };
  const halved = onnx.node('Mul', [
    onnx.node('Cast', ['input'], { to: 16 }),
    onnx.node('Constant', [], { value: setting }),
  ]);
  const ones = onnx.node('ConstantOfShape', [onnx.node('Shape', [halved])], { value: values });
  const doubled = onnx.node('Mul', [halved, onnx.node('Add', [ones, ones])]);
  const network = await importOnnx('settings', onnx.finish(onnx.node('Cast', [doubled], { to: 1 })));
  expect(network.descriptor.summary).toContain('run as it is');
  await expectEqual(network, (picture) => picture);
});

function onesOf(length: number) {
  const rawData = Uint8Array.from(encodeElements(new Float32Array(length).fill(1), 'bfloat16'));
  return create(TensorProtoSchema, { dims: [BigInt(length)], dataType: 16, rawData });
}
