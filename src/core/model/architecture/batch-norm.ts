import type { StateDict } from '../checkpoint/state-dict.ts';
import { refused } from '../import/refusal.ts';
import { type Tensor, tensor } from '../tensor.ts';

/**
 * A convolution and the batch normalisation behind it as one convolution. After training that is a factor and an offset
 * for each channel: gamma / sqrt(variance + epsilon), and beta less the mean times that (Ioffe and Szegedy 2015,
 * algorithm 2).
 * @throws UpreelError `model-refused` if its parts do not fit the convolution
 */
export function foldBatchNorm(
  state: StateDict,
  name: string,
  weight: Tensor,
  bias: Tensor | null,
  epsilon = NORM_EPSILON,
): { readonly weight: Tensor; readonly bias: Tensor } {
  state.ignore(`${name}.num_batches_tracked`);
  const [out = 0] = weight.shape;
  const part = (key: string) => {
    const { data } = state.tensor(`${name}.${key}`, 1);
    if (data.length !== out) throw refused(`${name}.${key} has ${data.length} values for ${out} channels.`);
    return data;
  };
  const [gamma, beta, mean, variance] = [part('weight'), part('bias'), part('running_mean'), part('running_var')];
  if (variance.some((value) => value < 0)) throw refused(`${name}.running_var is negative.`);
  const factors = Float64Array.from(gamma, (value, channel) => value / Math.sqrt(variance[channel]! + epsilon));
  const perChannel = weight.data.length / out;
  return {
    weight: tensor(
      weight.shape,
      weight.data.map((value, index) => value * factors[Math.floor(index / perChannel)]!),
    ),
    bias: tensor(
      [out],
      beta.map((value, channel) => value + ((bias?.data[channel] ?? 0) - mean[channel]!) * factors[channel]!),
    ),
  };
}

/** torch's default; no checkpoint holds it. */
export const NORM_EPSILON = 1e-5;
