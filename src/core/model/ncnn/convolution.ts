import { isSingle } from '../graph/extent.ts';
import type { Node, Value } from '../graph/graph.ts';
import { refused } from '../import/refusal.ts';
import { tensor } from '../tensor.ts';
import { countSetting, type LayerContext, margin, only, smallCount, unsupportedSetting } from './layer-context.ts';

/** Convolution and ConvolutionDepthWise, with the activation that ncnn fuses into them. */
export function translateConvolution(context: LayerContext, groups: number): Value {
  const { layer, weights, builder } = context;
  const { settings } = layer;
  if (settings.number(8, 0) !== 0) throw unsupportedSetting(context, 'int8 weights');
  if (settings.number(18, 0) !== 0) throw unsupportedSetting(context, 'padding by other than zeros');
  if (settings.number(19, 0) !== 0) throw unsupportedSetting(context, 'weights computed at run time');

  const out = countSetting(context, 0, 0);
  const kernelWidth = smallCount(context, 1, 0);
  const kernelHeight = smallCount(context, 11, kernelWidth);
  const size = countSetting(context, 6, 0);
  const perGroup = size / (out * kernelWidth * kernelHeight);
  if (!Number.isInteger(perGroup)) throw refused(`layer ${layer.name} has ${size} weights, which no shape explains.`);
  const weight = tensor([out, perGroup, kernelHeight, kernelWidth], weights.tagged(size, layer.name));
  const bias = settings.number(5, 0) === 0 ? null : tensor([out], weights.plain(out, layer.name));

  const strideWidth = smallCount(context, 3, 1);
  const dilationWidth = smallCount(context, 2, 1);
  const left = margin(context, 4, 0);
  const top = margin(context, 14, left);
  const label = `layer ${layer.name} (${layer.type})`;
  const value = builder.append(
    {
      op: 'conv',
      input: only(context),
      weight,
      bias,
      stride: [smallCount(context, 13, strideWidth), strideWidth],
      dilation: [smallCount(context, 12, dilationWidth), dilationWidth],
      padding: { top, left, bottom: margin(context, 16, top), right: margin(context, 15, left) },
      groups,
    },
    label,
  );
  const activation = fusedActivation(context, value);
  return activation === null ? value : builder.append(activation, label);
}

/** Deconvolution; ncnn stores its weights by output channel first. */
export function translateDeconvolution(context: LayerContext): Value {
  const { layer, weights, builder } = context;
  const { settings } = layer;
  for (const key of [18, 19, 20, 21]) {
    if (settings.number(key, 0) !== 0) throw unsupportedSetting(context, `setting ${key}`);
  }
  if (smallCount(context, 2, 1) !== 1 || smallCount(context, 12, 1) !== 1)
    throw unsupportedSetting(context, 'dilation');
  if (settings.number(8, 0) !== 0) throw unsupportedSetting(context, 'int8 weights');
  const out = countSetting(context, 0, 0);
  const kernelWidth = smallCount(context, 1, 0);
  const kernelHeight = smallCount(context, 11, kernelWidth);
  const size = countSetting(context, 6, 0);
  const channels = size / (out * kernelWidth * kernelHeight);
  if (!Number.isInteger(channels)) throw refused(`layer ${layer.name} has ${size} weights, which no shape explains.`);
  const stored = weights.tagged(size, layer.name);
  const bias = settings.number(5, 0) === 0 ? null : tensor([out], weights.plain(out, layer.name));
  const strideWidth = smallCount(context, 3, 1);
  const left = margin(context, 4, 0);
  const top = margin(context, 14, left);
  const label = `layer ${layer.name} (${layer.type})`;
  const value = builder.append(
    {
      op: 'deconv',
      input: only(context),
      weight: tensor([channels, out, kernelHeight, kernelWidth], swapOuter(stored, out, channels)),
      bias,
      stride: [smallCount(context, 13, strideWidth), strideWidth],
      padding: { top, left, bottom: margin(context, 16, top), right: margin(context, 15, left) },
      groups: 1,
    },
    label,
  );
  const activation = fusedActivation(context, value);
  return activation === null ? value : builder.append(activation, label);
}

/** [a, b, ...] as [b, a, ...]. */
function swapOuter(data: Float32Array, a: number, b: number): Float32Array<ArrayBuffer> {
  const piece = data.length / (a * b);
  const swapped = new Float32Array(data.length);
  for (let i = 0; i < a; i++) {
    for (let j = 0; j < b; j++) {
      const from = (i * b + j) * piece;
      swapped.set(data.subarray(from, from + piece), (j * a + i) * piece);
    }
  }
  return swapped;
}

/** InnerProduct of the [C, 1, 1] that a global pooling leaves: a convolution of one pixel. */
export function translateInnerProduct(context: LayerContext): Value {
  const { layer, weights, builder } = context;
  const { settings } = layer;
  const input = only(context);
  const { channels, height, width } = builder.shapeOf(input);
  if (!isSingle(height) || !isSingle(width)) throw unsupportedSetting(context, 'a whole picture as input');
  if (settings.number(8, 0) !== 0) throw unsupportedSetting(context, 'int8 weights');
  const out = countSetting(context, 0, 0);
  const size = countSetting(context, 2, 0);
  if (size !== out * channels) throw refused(`layer ${layer.name} has ${size} weights for ${channels} x ${out}.`);
  const weight = tensor([out, channels, 1, 1], weights.tagged(size, layer.name));
  const bias = settings.number(1, 0) === 0 ? null : tensor([out], weights.plain(out, layer.name));
  const label = `layer ${layer.name} (${layer.type})`;
  const value = builder.conv(input, weight, bias, label);
  const activation = fusedActivation(context, value);
  return activation === null ? value : builder.append(activation, label);
}

function fusedActivation(context: LayerContext, input: Value): Node | null {
  const { settings } = context.layer;
  const [first = 0, second = 0] = settings.array(10);
  switch (settings.number(9, 0)) {
    case 0:
      return null;
    case 1:
      return { op: 'unary', kind: 'relu', input };
    case 2:
      return { op: 'leaky-relu', input, slope: first };
    case 3:
      return { op: 'clip', input, low: first, high: second };
    case 4:
      return { op: 'unary', kind: 'sigmoid', input };
    default:
      throw unsupportedSetting(context, `activation ${settings.number(9, 0)}`);
  }
}
