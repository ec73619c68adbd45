import type { BinaryKind, UnaryKind, Value } from '../graph/graph.ts';
import { scalar } from '../graph/graph-builder.ts';
import { type Tensor, tensor } from '../tensor.ts';
import type { ForeignTensor } from './foreign-tensor.ts';
import type { Meaning, NodeReader } from './node-reader.ts';
import { translateResize, translateUpsample } from './resize-operators.ts';
import { translateReshape, turnParted } from './shuffle-operators.ts';

type Translation = (node: NodeReader) => Meaning;

/** The operators that exporters make of networks of these families. */
export const OPERATORS: Readonly<Record<string, Translation>> = {
  Constant: (node) => ({ kind: 'constant', tensor: node.tensor('value') }),
  Identity: passed,
  // float16 networks are run in float32; other casts would need what they are for.
  Cast: (node) => (FLOAT_TYPES.has(node.integer('to', 0)) ? passed(node) : fail(node, 'a cast to whole numbers')),
  Dropout: passed,
  Conv: (node) => made(conv(node)),
  ConvTranspose: (node) => made(deconv(node)),
  Relu: unary('relu'),
  Sigmoid: unary('sigmoid'),
  Tanh: unary('tanh'),
  LeakyRelu: (node) => made(node.builder.leakyRelu(node.value(0), node.float('alpha', 0.01))),
  PRelu: (node) => made(append(node, { op: 'prelu', input: node.value(0), slope: perChannel(node, node.constant(1)) })),
  Clip: (node) => made(clip(node)),
  Add: binary('add'),
  Sub: binary('sub'),
  Mul: binary('mul'),
  Div: binary('div'),
  Max: binary('max'),
  Min: binary('min'),
  Concat: (node) => {
    if (![1, -3].includes(node.integer('axis', 1))) return fail(node, 'another axis');
    const inputs = Array.from({ length: node.inputs }, (_, index) => node.value(index));
    return made(append(node, { op: 'concat', inputs }));
  },
  DepthToSpace: (node) => {
    const factor = node.integer('blocksize', 0);
    const order = node.text('mode', 'DCR') === 'CRD' ? 'crd' : 'dcr';
    if (factor < 1 || factor > 16) return fail(node, 'its block size');
    return made(append(node, { op: 'pixel-shuffle', input: node.value(0), factor, order }));
  },
  GlobalAveragePool: (node) => made(append(node, { op: 'global-mean', input: node.value(0) })),
  Reshape: translateReshape,
  Resize: (node) => made(translateResize(node)),
  Upsample: (node) => made(translateUpsample(node)),
  Transpose: transpose,
};

const FLOAT_TYPES = new Set([1, 10, 11]);

function made(value: Value): Meaning {
  return { kind: 'value', value, layout: 'nchw' };
}

function fail(node: NodeReader, what: string): never {
  throw node.notUnderstood(what);
}

function passed(node: NodeReader): Meaning {
  return node.meaning(0) ?? fail(node, 'no input');
}

function append(node: NodeReader, layer: Parameters<NodeReader['builder']['append']>[0]): Value {
  return node.builder.append(layer, `a ${layer.op}`);
}

function unary(kind: UnaryKind): Translation {
  return (node) => made(append(node, { op: 'unary', kind, input: node.value(0) }));
}

function conv(node: NodeReader): Value {
  const weight = fourDimensional(node, node.constant(1));
  return append(node, {
    op: 'conv',
    input: node.value(0),
    weight,
    bias: node.optionalConstant(2)?.floats() ?? null,
    stride: node.pair('strides', 1),
    dilation: node.pair('dilations', 1),
    padding: node.margins(),
    groups: node.integer('group', 1),
  });
}

function deconv(node: NodeReader): Value {
  const isPlain = node.pair('dilations', 1).every((it) => it === 1) && !node.has('output_shape');
  if (!isPlain || node.integers('output_padding', []).some((it) => it !== 0)) return fail(node, 'its settings');
  return append(node, {
    op: 'deconv',
    input: node.value(0),
    weight: fourDimensional(node, node.constant(1)),
    bias: node.optionalConstant(2)?.floats() ?? null,
    stride: node.pair('strides', 1),
    padding: node.margins(),
    groups: node.integer('group', 1),
  });
}

function fourDimensional(node: NodeReader, constant: ForeignTensor): Tensor {
  return constant.shape.length === 4 ? constant.floats() : fail(node, `weights of ${constant.shape.length} dimensions`);
}

function clip(node: NodeReader): Value {
  const bound = (index: number, name: string, fallback: number) =>
    node.opset < 11 ? node.float(name, fallback) : (node.optionalConstant(index)?.floats().data[0] ?? fallback);
  return append(node, {
    op: 'clip',
    input: node.value(0),
    low: bound(1, 'min', -FLOAT_MAX),
    high: bound(2, 'max', FLOAT_MAX),
  });
}

const FLOAT_MAX = 3.4028234663852886e38;

function binary(kind: BinaryKind): Translation {
  return (node) => {
    const [first, second] = [node.meaning(0), node.meaning(1)];
    if (node.inputs !== 2 || first === undefined || second === undefined) return fail(node, 'its inputs');
    if (first.kind === 'value' && second.kind === 'value') {
      return made(append(node, { op: 'binary', kind, ...ordered(node, kind, node.value(0), node.value(1)) }));
    }
    if (second.kind === 'constant')
      return made(withConstant(node, kind, node.value(0), perChannel(node, second.tensor)));
    if (first.kind !== 'constant' || kind === 'div') return fail(node, 'a constant divided by a value');
    const constant = perChannel(node, first.tensor);
    if (kind !== 'sub') return made(withConstant(node, kind, node.value(1), constant));
    return made(affine(node, node.value(1), scalar(-1), constant));
  };
}

/** What goes with every pixel stands on the right. */
function ordered(node: NodeReader, kind: BinaryKind, left: Value, right: Value): { left: Value; right: Value } {
  const isSpread = node.builder.shapeOf(left).height.numerator === 0;
  return isSpread && kind !== 'sub' && kind !== 'div' ? { left: right, right: left } : { left, right };
}

function withConstant(node: NodeReader, kind: BinaryKind, input: Value, constant: Tensor): Value {
  const negative = () =>
    tensor(
      constant.shape,
      constant.data.map((value) => -value),
    );
  const inverse = () =>
    tensor(
      constant.shape,
      constant.data.map((value) => 1 / value),
    );
  switch (kind) {
    case 'add':
      return affine(node, input, scalar(1), constant);
    case 'sub':
      return affine(node, input, scalar(1), negative());
    case 'mul':
      return affine(node, input, constant, scalar(0));
    case 'div':
      return affine(node, input, inverse(), scalar(0));
    default:
      return fail(node, 'a constant');
  }
}

function affine(node: NodeReader, input: Value, factor: Tensor, offset: Tensor): Value {
  if (![...factor.data, ...offset.data].every(Number.isFinite)) return fail(node, 'a division by zero');
  return append(node, { op: 'affine', input, factor, offset });
}

/** One number, or one per channel: shapes [], [1], [C, 1, 1] and [1, C, 1, 1]. */
function perChannel(node: NodeReader, constant: ForeignTensor): Tensor {
  const values = constant.floats();
  const length = values.data.length;
  const [height, width] = [constant.shape.at(-2), constant.shape.at(-1)];
  const isPerChannel = constant.shape.at(-3) === length && height === 1 && width === 1;
  return length === 1 || isPerChannel ? tensor([length], values.data) : fail(node, `a constant of [${constant.shape}]`);
}

/** Networks with channels last begin and end with a change of layout. */
function transpose(node: NodeReader): Meaning {
  const meaning = node.meaning(0);
  const order = node.integers('perm', []).join('');
  const turned = turnParted(meaning, node.integers('perm', []));
  if (turned !== undefined) return turned;
  if (meaning?.kind === 'value' && meaning.layout === 'nhwc' && order === '0312') return { ...meaning, layout: 'nchw' };
  if (meaning?.kind === 'value' && meaning.layout === 'nchw' && order === '0231') return { ...meaning, layout: 'nhwc' };
  return fail(node, 'another order of axes');
}
