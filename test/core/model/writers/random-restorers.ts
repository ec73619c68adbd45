import { RandomAttention } from './random-attention.ts';

type Widths = readonly [number, number, number, number];

export interface UnetShape {
  /** At the full size, a half, a quarter and an eighth. */
  readonly features: Widths;
  readonly blocks: number;
  readonly channels?: 1 | 3;
}

/** DRUNet's names; `block` adds what one block has. */
function addUnet(
  layers: RandomAttention,
  { features, blocks }: { features: Widths; blocks: Widths },
  block: (name: string, width: number, index: number) => void,
  bias: boolean,
): void {
  for (let stage = 1; stage <= 3; stage++) {
    const [wide, deep] = [features[stage - 1]!, features[stage]!];
    for (let index = 0; index < blocks[stage - 1]!; index++) {
      block(`m_down${stage}.${index}`, wide, index);
      block(`m_up${stage}.${index + 1}`, wide, index);
    }
    layers.conv(`m_down${stage}.${blocks[stage - 1]}`, deep, wide, 2, bias);
    layers.add(`m_up${stage}.0.weight`, [deep, wide, 2, 2], 0, Math.sqrt(3 / deep));
    if (bias) layers.vector(`m_up${stage}.0.bias`, wide, 0, 0.1);
  }
}

function addResidual(layers: RandomAttention, name: string, width: number, bias: boolean): void {
  layers.conv(`${name}.res.0`, width, width, 3, bias);
  layers.conv(`${name}.res.2`, width, width, 3, bias, 0.5);
}

export function randomDrunet(shape: UnetShape, seed: number): RandomAttention {
  const layers = new RandomAttention(seed);
  const { features, blocks, channels = 3 } = shape;
  layers.conv('m_head', features[0], channels + 1, 3, false);
  addUnet(
    layers,
    { features, blocks: [blocks, blocks, blocks, blocks] },
    (name, width) => addResidual(layers, name, width, false),
    false,
  );
  for (let index = 0; index < blocks; index++) addResidual(layers, `m_body.${index}`, features[3], false);
  layers.conv('m_tail', channels, features[0], 3, false, 0.5);
  return layers;
}

/** @param hidden width of the layers that guess the quality; 512 in the files */
export function randomFbcnn(shape: UnetShape & { readonly hidden: number }, seed: number): RandomAttention {
  const layers = new RandomAttention(seed);
  const { features, blocks, hidden, channels = 3 } = shape;
  layers.conv('m_head', features[0], channels);
  addUnet(
    layers,
    { features, blocks: [blocks, blocks, blocks, blocks] },
    (name, width) => addResidual(layers, name, width, true),
    true,
  );
  for (let index = 0; index < blocks; index++) {
    for (const part of ['m_body_encoder', 'm_body_decoder', 'qf_pred']) {
      addResidual(layers, `${part}.${index}`, features[3], true);
    }
  }
  layers.linear(`qf_pred.${blocks + 2}`, hidden, features[3]);
  layers.linear(`qf_pred.${blocks + 4}`, hidden, hidden);
  layers.linear(`qf_pred.${blocks + 6}`, 1, hidden);
  layers.linear('qf_embed.0', hidden, 1);
  layers.linear('qf_embed.2', hidden, hidden);
  layers.linear('qf_embed.4', hidden, hidden);
  for (let stage = 1; stage <= 3; stage++) {
    layers.linear(`to_gamma_${stage}.0`, features[stage - 1]!, hidden);
    layers.linear(`to_beta_${stage}.0`, features[stage - 1]!, hidden);
  }
  layers.conv('m_tail', channels, features[0], 3, true, 0.5);
  return layers;
}

export interface ScunetShape {
  /** At the full size; a head has 32 channels in half of them. */
  readonly features: number;
  /** At each size; the last of the body. */
  readonly blocks: Widths;
  readonly window: number;
  readonly channels?: 1 | 3;
}

export function randomScunet({ features, blocks, window, channels = 3 }: ScunetShape, seed: number): RandomAttention {
  const layers = new RandomAttention(seed);
  const block = (name: string, width: number): void => addHalfAttending(layers, name, width, window);
  layers.conv('m_head.0', features, channels, 3, false);
  const widths: Widths = [features, 2 * features, 4 * features, 8 * features];
  addUnet(layers, { features: widths, blocks }, block, false);
  for (let index = 0; index < blocks[3]; index++) block(`m_body.${index}`, 8 * features);
  layers.conv('m_tail.0', channels, features, 3, false, 0.5);
  return layers;
}

function addHalfAttending(layers: RandomAttention, name: string, width: number, window: number): void {
  const half = width / 2;
  layers.conv(`${name}.conv1_1`, width, width, 1);
  layers.conv(`${name}.conv1_2`, width, width, 1, true, 0.5);
  layers.conv(`${name}.conv_block.0`, half, half, 3, false);
  layers.conv(`${name}.conv_block.2`, half, half, 3, false);
  const transformer = `${name}.trans_block`;
  layers.norm(`${transformer}.ln1`, half);
  layers.norm(`${transformer}.ln2`, half);
  const heads = Math.ceil(half / 32);
  layers.add(`${transformer}.msa.relative_position_params`, [heads, 2 * window - 1, 2 * window - 1], 0, 1);
  layers.linear(`${transformer}.msa.embedding_layer`, 3 * half, half);
  layers.linear(`${transformer}.msa.linear`, half, half, true, 0.5);
  layers.linear(`${transformer}.mlp.0`, 4 * half, half);
  layers.linear(`${transformer}.mlp.2`, half, 4 * half, true, 0.5);
}

export interface NafnetShape {
  readonly features: number;
  readonly encoders: readonly number[];
  readonly middle: number;
  readonly decoders: readonly number[];
}

export function randomNafnet({ features, encoders, middle, decoders }: NafnetShape, seed: number): RandomAttention {
  const layers = new RandomAttention(seed);
  const blocks = (name: string, width: number, count: number): void => {
    for (let index = 0; index < count; index++) addNafBlock(layers, `${name}.${index}`, width);
  };
  layers.conv('intro', features, 3);
  encoders.forEach((count, level) => {
    const width = features * 2 ** level;
    blocks(`encoders.${level}`, width, count);
    layers.conv(`downs.${level}`, 2 * width, width, 2);
  });
  blocks('middle_blks', features * 2 ** encoders.length, middle);
  decoders.forEach((count, level) => {
    const width = features * 2 ** (decoders.length - level);
    layers.conv(`ups.${level}.0`, 2 * width, width, 1, false);
    blocks(`decoders.${level}`, width / 2, count);
  });
  layers.conv('ending', 3, features, 3, true, 0.3);
  return layers;
}

function addNafBlock(layers: RandomAttention, name: string, width: number): void {
  layers.norm(`${name}.norm1`, width);
  layers.norm(`${name}.norm2`, width);
  layers.add(`${name}.beta`, [1, width, 1, 1], 0.5, 0.5);
  layers.add(`${name}.gamma`, [1, width, 1, 1], 0.5, 0.5);
  layers.conv(`${name}.conv1`, 2 * width, width, 1);
  layers.depthwise(`${name}.conv2`, 2 * width, 3);
  layers.conv(`${name}.sca.1`, width, width, 1);
  layers.conv(`${name}.conv3`, width, width, 1);
  layers.conv(`${name}.conv4`, 2 * width, width, 1);
  layers.conv(`${name}.conv5`, width, width, 1);
}

export interface DncnnShape {
  readonly features: number;
  readonly convolutions: number;
  readonly channels?: 1 | 3;
  /** Batch normalisation behind all convolutions but the first and the last. */
  readonly norm?: boolean;
  /** FDnCNN: takes the strength of the noise. */
  readonly strength?: boolean;
}

export function randomDncnn(shape: DncnnShape, seed: number): RandomAttention {
  const { features, convolutions, channels = 3, norm = false, strength = false } = shape;
  const layers = new RandomAttention(seed);
  let index = 0;
  for (let number = 0; number < convolutions; number++) {
    const isLast = number === convolutions - 1;
    const taken = number > 0 ? features : channels + (strength ? 1 : 0);
    layers.conv(`model.${index}`, isLast ? channels : features, taken, 3, true, 1.4);
    const isNormed = norm && number > 0 && !isLast;
    if (isNormed) layers.batchNorm(`model.${index + 1}`, features);
    index += isNormed ? 3 : 2;
  }
  return layers;
}
