import type { Weights } from '../../../support/reference-evaluator.ts';
import { RandomLayers } from './random-networks.ts';

/**
 * Made-up weights of the networks of papers, under the names of the public remakes, with few features and blocks. What
 * PyTorch makes of them is noted in paper-networks.test.ts: changing anything here asks for new notes.
 */

/** Features and blocks of all of them. */
const [F, B] = [8, 2];

/** One SRResNet under the names of a remake. */
interface SrresnetNames {
  readonly first: string;
  readonly firstSlope?: string;
  readonly block: (index: number) => { conv1: string; bn1: string; slope?: string; conv2: string; bn2: string };
  readonly body: string;
  readonly bodyNorm: string;
  readonly up: (index: number) => { conv: string; bn?: string; slope?: string };
  readonly last: string;
  /** Of layers that are normalised, of the enlarging ones, and of the first and the last. */
  readonly biases: readonly [inner: boolean, up: boolean, ends: boolean];
  /** Slopes for each channel. */
  readonly wideSlopes?: boolean;
  /** Normalised by the picture's own means. */
  readonly ofPicture?: boolean;
  /** Made and not used. */
  readonly spare?: readonly string[];
}

function randomSrresnet(names: SrresnetNames, seed: number): Weights {
  const layers = new RandomLayers(seed);
  const [inner, up, ends] = names.biases;
  const slope = (name: string | undefined) => {
    if (name !== undefined) layers.vector(`${name}.weight`, names.wideSlopes === true ? F : 1, 0.25, 0.2);
  };
  const norm = (name: string) => {
    if (names.ofPicture !== true) return layers.batchNorm(name, F);
    layers.vector(`${name}.weight`, F, 1, 0.3);
    layers.vector(`${name}.bias`, F, 0, 0.2);
  };
  layers.conv(names.first, F, 3, 9, ends);
  slope(names.firstSlope);
  for (let index = 0; index < B; index++) {
    const block = names.block(index);
    layers.conv(block.conv1, F, F, 3, inner);
    norm(block.bn1);
    slope(block.slope);
    layers.conv(block.conv2, F, F, 3, inner);
    norm(block.bn2);
  }
  layers.conv(names.body, F, F, 3, inner);
  norm(names.bodyNorm);
  for (let index = 0; index < 2; index++) {
    const part = names.up(index);
    layers.conv(part.conv, 4 * F, F, 3, up);
    if (part.bn !== undefined) layers.batchNorm(part.bn, 4 * F);
    slope(part.slope);
  }
  layers.conv(names.last, 3, F, 9, ends, 0.3);
  for (const name of names.spare ?? []) layers.vector(`${name}.weight`, F, 0.25, 0.2);
  return layers.weights;
}

const named = (name: string) => ({
  conv1: `${name}.conv1`,
  bn1: `${name}.bn1`,
  slope: `${name}.prelu`,
  conv2: `${name}.conv2`,
  bn2: `${name}.bn2`,
});

const sequential = (name: string) => {
  const [conv1, bn1, slope, conv2, bn2] = [0, 1, 2, 3, 4].map((index) => `${name}.${index}`);
  return { conv1: conv1!, bn1: bn1!, slope: slope!, conv2: conv2!, bn2: bn2! };
};

/** By their authors' accounts on GitHub, and the year where an author had several. */
export const SRRESNETS = {
  leftthomas: randomSrresnet(
    {
      first: 'block1.0',
      firstSlope: 'block1.1',
      block: (index) => named(`block${index + 2}`),
      body: 'block4.0',
      bodyNorm: 'block4.1',
      up: (index) => ({ conv: `block5.${index}.conv`, slope: `block5.${index}.prelu` }),
      last: 'block5.2',
      biases: [true, true, true],
    },
    11,
  ),
  twtygqyy: randomSrresnet(
    {
      first: 'conv_input',
      block: (index) => {
        const { slope: _, ...parts } = named(`residual.${index}`);
        return parts;
      },
      body: 'conv_mid',
      bodyNorm: 'bn_mid',
      up: (index) => ({ conv: `upscale4x.${3 * index}` }),
      last: 'conv_output',
      biases: [false, false, false],
    },
    12,
  ),
  twtygqyyInstance: randomSrresnet(
    {
      first: 'conv_input',
      block: (index) => {
        const { conv1, conv2 } = named(`residual.${index}`);
        return { conv1, conv2, bn1: `residual.${index}.in1`, bn2: `residual.${index}.in2` };
      },
      body: 'conv_mid',
      bodyNorm: 'bn_mid',
      up: (index) => ({ conv: `upscale4x.${3 * index}` }),
      last: 'conv_output',
      biases: [false, false, false],
      ofPicture: true,
    },
    112,
  ),
  lornatang2022: randomSrresnet(
    {
      first: 'conv1.0',
      firstSlope: 'conv1.1',
      block: (index) => sequential(`trunk.${index}.rcb`),
      body: 'conv2.0',
      bodyNorm: 'conv2.1',
      up: (index) => {
        const name = `upsampling.${index}.upsample_block`;
        return { conv: `${name}.0`, slope: `${name}.2` };
      },
      last: 'conv3',
      biases: [false, true, true],
    },
    13,
  ),
  lornatang2021: randomSrresnet(
    {
      first: 'conv_block1.0',
      firstSlope: 'conv_block1.1',
      block: (index) => sequential(`trunk.${index}.rcb`),
      body: 'conv_block2.0',
      bodyNorm: 'conv_block2.1',
      up: (index) => ({ conv: `upsampling.${3 * index}`, slope: `upsampling.${3 * index + 2}` }),
      last: 'conv_block3',
      biases: [false, true, true],
    },
    14,
  ),
  lornatangAugust2021: randomSrresnet(
    {
      first: 'conv_block1.0',
      firstSlope: 'conv_block1.1',
      block: (index) => sequential(`trunk.${index}.conv_block`),
      body: 'conv_block2.0',
      bodyNorm: 'conv_block2.1',
      up: (index) => ({
        conv: `upsampling.${4 * index}`,
        bn: `upsampling.${4 * index + 1}`,
        slope: `upsampling.${4 * index + 3}`,
      }),
      last: 'conv_block3',
      biases: [false, false, true],
    },
    15,
  ),
  lornatangJuly2021: randomSrresnet(
    {
      first: 'conv1.0',
      firstSlope: 'conv1.1',
      block: (index) => named(`trunk.${index}`),
      body: 'conv2.0',
      bodyNorm: 'conv2.1',
      up: (index) => ({ conv: `subpixel_conv.${index}.conv`, slope: `subpixel_conv.${index}.prelu` }),
      last: 'conv3.0',
      biases: [false, true, true],
    },
    16,
  ),
  lornatangApril2021: randomSrresnet(
    {
      first: 'conv1.0',
      firstSlope: 'conv1.1',
      block: (index) => named(`trunk.${index}`),
      body: 'conv2.0',
      bodyNorm: 'conv2.1',
      up: (index) => ({ conv: `subpixel_conv.${index}.conv`, slope: `subpixel_conv.${index}.prelu` }),
      last: 'conv3',
      biases: [false, true, true],
    },
    17,
  ),
  lornatang2020: randomSrresnet(
    {
      first: 'conv1.0',
      firstSlope: 'conv1.1',
      block: (index) => named(`Trunk.${index}`),
      body: 'conv2.0',
      bodyNorm: 'conv2.1',
      up: (index) => ({
        conv: `upsampling.${4 * index}`,
        bn: `upsampling.${4 * index + 1}`,
        slope: `upsampling.${4 * index + 3}`,
      }),
      last: 'conv3.0',
      biases: [false, false, false],
    },
    18,
  ),
  sgrvinod: randomSrresnet(
    {
      first: 'conv_block1.conv_block.0',
      firstSlope: 'conv_block1.conv_block.1',
      block: (index) => {
        const [one, two] = [1, 2].map((half) => `residual_blocks.${index}.conv_block${half}.conv_block`);
        return { conv1: `${one}.0`, bn1: `${one}.1`, slope: `${one}.2`, conv2: `${two}.0`, bn2: `${two}.1` };
      },
      body: 'conv_block2.conv_block.0',
      bodyNorm: 'conv_block2.conv_block.1',
      up: (index) => {
        const name = `subpixel_convolutional_blocks.${index}`;
        return { conv: `${name}.conv`, slope: `${name}.prelu` };
      },
      last: 'conv_block3.conv_block.0',
      biases: [true, true, true],
    },
    19,
  ),
  aladdinpersson: randomSrresnet(
    {
      first: 'initial.cnn',
      firstSlope: 'initial.act',
      block: (index) => {
        const [one, two] = [1, 2].map((half) => `residuals.${index}.block${half}`);
        return { conv1: `${one}.cnn`, bn1: `${one}.bn`, slope: `${one}.act`, conv2: `${two}.cnn`, bn2: `${two}.bn` };
      },
      body: 'convblock.cnn',
      bodyNorm: 'convblock.bn',
      up: (index) => ({ conv: `upsamples.${index}.conv`, slope: `upsamples.${index}.act` }),
      last: 'final',
      biases: [false, true, true],
      wideSlopes: true,
      spare: ['residuals.0.block2.act', 'residuals.1.block2.act', 'convblock.act'],
    },
    20,
  ),
} as const satisfies Record<string, Weights>;

export function randomSwiftSrgan(seed: number): Weights {
  const layers = new RandomLayers(seed);
  const separable = (name: string, out: number, channels: number, kernel: number, bias: boolean, gain = 1) => {
    layers.conv(`${name}.depthwise`, channels, 1, kernel, bias);
    layers.conv(`${name}.pointwise`, out, channels, 1, bias, gain);
  };
  const block = (name: string) => {
    separable(`${name}.cnn`, F, F, 3, false);
    layers.batchNorm(`${name}.bn`, F);
    layers.vector(`${name}.act.weight`, F, 0.25, 0.2);
  };
  separable('initial.cnn', F, 3, 9, true);
  layers.vector('initial.act.weight', F, 0.25, 0.2);
  for (let index = 0; index < B; index++) {
    block(`residual.${index}.block1`);
    block(`residual.${index}.block2`);
  }
  block('convblock');
  for (let index = 0; index < 2; index++) {
    separable(`upsampler.${index}.conv`, 4 * F, F, 3, true);
    layers.vector(`upsampler.${index}.act.weight`, F, 0.25, 0.2);
  }
  separable('final_conv', 3, F, 9, true, 0.3);
  return layers.weights;
}

/** `sub_mean` and `add_mean` as their authors make them, and then trained on. */
function meanShift(layers: RandomLayers, white: 1 | 255): void {
  for (const [name, sign] of [
    ['sub_mean', -1],
    ['add_mean', 1],
  ] as const) {
    layers.conv(name, 3, 3, 1);
    const { data } = layers.weights.get(`${name}.weight`)!;
    layers.weights.set(`${name}.weight`, {
      shape: [3, 3, 1, 1],
      data: data.map((value, index) => 0.01 * value + (index % 4 === 0 ? 1 : 0)),
    });
    layers.weights.set(`${name}.bias`, {
      shape: [3],
      data: Float32Array.of(0.45, 0.43, 0.41).map((mean) => sign * white * mean),
    });
  }
}

function residual(layers: RandomLayers, name: string, kernel = 3): void {
  layers.conv(`${name}.body.0`, F, F, kernel);
  layers.conv(`${name}.body.2`, F, F, kernel);
}

/** Under its authors' names, with a trained mean. */
export function randomAuthorsEdsr(white: 1 | 255, seed: number): Weights {
  const layers = new RandomLayers(seed);
  meanShift(layers, white);
  layers.conv('head.0', F, 3);
  for (let index = 0; index < B; index++) residual(layers, `body.${index}`);
  layers.conv(`body.${B}`, F, F);
  layers.conv('tail.0.0', 9 * F, F);
  layers.conv('tail.1', 3, F, 3, true, white === 255 ? 0.5 : 1);
  return layers.weights;
}

export function randomMdsr(seed: number): Weights {
  const layers = new RandomLayers(seed);
  meanShift(layers, 255);
  layers.conv('head.0', F, 3);
  for (let scale = 0; scale < 3; scale++)
    for (const part of [0, 1]) residual(layers, `pre_process.${scale}.${part}`, 5);
  for (let index = 0; index < B; index++) residual(layers, `body.${index}`);
  layers.conv(`body.${B}`, F, F);
  layers.conv('upsample.0.0', 4 * F, F);
  layers.conv('upsample.1.0', 9 * F, F);
  layers.conv('upsample.2.0', 4 * F, F);
  layers.conv('upsample.2.2', 4 * F, F);
  layers.conv('tail.0', 3, F, 3, true, 0.5);
  return layers.weights;
}

/** Under its authors' names: with the mean, or as others train it, without and with pixel-unshuffle. */
export function randomRcan(variant: 'normalised' | 'unshuffled', seed: number): Weights {
  const layers = new RandomLayers(seed);
  const isPlain = variant === 'normalised';
  if (isPlain) meanShift(layers, 255);
  layers.conv(isPlain ? 'head.0' : 'head.1', F, isPlain ? 3 : 12);
  for (let group = 0; group < 2; group++) {
    for (let index = 0; index < B; index++) {
      const name = `body.${group}.body.${index}`;
      residual(layers, name);
      layers.conv(`${name}.body.3.conv_du.0`, 2, F, 1);
      layers.conv(`${name}.body.3.conv_du.2`, F, 2, 1);
    }
    layers.conv(`body.${group}.body.${B}`, F, F);
  }
  layers.conv('body.2', F, F);
  layers.conv('tail.0.0', 4 * F, F);
  layers.conv('tail.0.2', 4 * F, F);
  layers.conv('tail.1', 3, F, 3, true, 0.5);
  return layers.weights;
}

export function randomMsrn(seed: number): Weights {
  const layers = new RandomLayers(seed);
  meanShift(layers, 255);
  layers.conv('head.0', F, 3);
  for (let index = 0; index < B; index++) {
    const name = `body.${index}`;
    layers.conv(`${name}.conv_3_1`, F, F, 3);
    layers.conv(`${name}.conv_3_2`, 2 * F, 2 * F, 3);
    layers.conv(`${name}.conv_5_1`, F, F, 5);
    layers.conv(`${name}.conv_5_2`, 2 * F, 2 * F, 5);
    layers.conv(`${name}.confusion`, F, 4 * F, 1);
  }
  layers.conv('tail.0', F, (B + 1) * F, 1);
  layers.conv('tail.1', F, F);
  layers.conv('tail.2.0', 9 * F, F);
  layers.conv('tail.3', 3, F, 3, true, 0.5);
  return layers.weights;
}

export function randomEspcn(names: 'yjn870' | 'lornatang' | 'leftthomas' | 'torch', seed: number): Weights {
  const layers = new RandomLayers(seed);
  const [one, two, three, four] = {
    yjn870: ['first_part.0', 'first_part.2', 'last_part.0', ''],
    lornatang: ['feature_maps.0', 'feature_maps.2', 'sub_pixel.0', ''],
    leftthomas: ['conv1', 'conv2', 'conv3', ''],
    torch: ['conv1', 'conv2', 'conv3', 'conv4'],
  }[names] as [string, string, string, string];
  const isTorch = four !== '';
  layers.conv(one, F, 1, 5);
  if (isTorch) layers.conv(two, F, F);
  layers.conv(isTorch ? three : two, F / 2, F);
  layers.conv(isTorch ? four : three, 9, F / 2, 3, true, 0.3);
  layers.vector(`${isTorch ? four : three}.bias`, 9, 0.5, 0.1);
  return layers.weights;
}

export function randomFsrcnn(names: 'yjn870' | 'lornatang', seed: number): Weights {
  const layers = new RandomLayers(seed);
  const isOne = names === 'yjn870';
  const place = (index: number) => {
    if (isOne) return index < 2 ? `first_part.${index}` : `mid_part.${index - 2}`;
    if (index < 4) return index < 2 ? `feature_extraction.${index}` : `shrink.${index - 2}`;
    return index < 8 ? `map.${index - 4}` : `expand.${index - 8}`;
  };
  const widths = [1, F, 4, 4, 4, F];
  for (let layer = 0; layer < 5; layer++) {
    const kernel = layer === 0 ? 5 : layer === 1 || layer === 4 ? 1 : 3;
    layers.conv(place(2 * layer), widths[layer + 1]!, widths[layer]!, kernel);
    layers.vector(`${place(2 * layer + 1)}.weight`, widths[layer + 1]!, 0.25, 0.2);
  }
  layers.conv(isOne ? 'last_part' : 'deconv', F, 1, 9, false, 0.5);
  layers.vector(`${isOne ? 'last_part' : 'deconv'}.bias`, 1, 0.5, 0.1);
  return layers.weights;
}

/** SRCNN with a name for each part. */
export function randomNamedSrcnn(seed: number): Weights {
  const layers = new RandomLayers(seed);
  layers.conv('features.0', F, 1, 9);
  layers.conv('map.0', F / 2, F, 5);
  layers.conv('reconstruction', 1, F / 2, 5, true, 0.5);
  layers.vector('reconstruction.bias', 1, 0.5, 0.1);
  return layers.weights;
}

export function randomImdn(seed: number): Weights {
  const layers = new RandomLayers(seed);
  const [width, aside] = [16, 4];
  layers.conv('fea_conv', width, 3);
  for (let index = 1; index <= 6; index++) {
    const name = `IMDB${index}`;
    layers.conv(`${name}.c1`, width, width);
    for (const layer of ['c2', 'c3']) layers.conv(`${name}.${layer}`, width, width - aside);
    layers.conv(`${name}.c4`, aside, width - aside);
    layers.conv(`${name}.c5`, width, width, 1);
    layers.conv(`${name}.cca.conv_du.0`, 1, width, 1);
    layers.conv(`${name}.cca.conv_du.2`, width, 1, 1);
  }
  layers.conv('c.0', width, 6 * width, 1);
  layers.conv('LR_conv', width, width);
  layers.conv('upsampler.0', 27, width, 3, true, 0.3);
  return layers.weights;
}

function attention(layers: RandomLayers, name: string, channels: number, inner: number, conv3: string): void {
  layers.conv(`${name}.conv1`, inner, channels, 1);
  layers.conv(`${name}.conv_f`, inner, inner, 1);
  layers.conv(`${name}.conv2`, inner, inner);
  layers.conv(`${name}.${conv3}`, inner, inner);
  layers.conv(`${name}.conv4`, channels, inner, 1);
}

export function randomRfdn(seed: number, white: 1 | 255 = 1): Weights {
  const layers = new RandomLayers(seed);
  layers.conv('fea_conv', F, 3);
  if (white === 255) layers.vector('fea_conv.bias', F, 0, 2);
  for (let index = 1; index <= 4; index++) {
    const name = `B${index}`;
    for (const layer of ['c1', 'c2', 'c3']) {
      layers.conv(`${name}.${layer}_d`, F / 2, F, 1);
      layers.conv(`${name}.${layer}_r`, F, F);
    }
    layers.conv(`${name}.c4`, F / 2, F);
    layers.conv(`${name}.c5`, F, 2 * F, 1);
    attention(layers, `${name}.esa`, F, F / 4, 'conv3');
    for (const layer of ['conv_max', 'conv3_']) layers.conv(`${name}.esa.${layer}`, F / 4, F / 4);
  }
  layers.conv('c.0', F, 4 * F, 1);
  layers.conv('LR_conv', F, F);
  layers.conv('upsampler.0', 48, F, 3, true, 0.3);
  return layers.weights;
}

/** RLFN, or DIPNet with its convolutions merged and mostly without biases. */
export function randomRlfn(variant: 'rlfn' | 'dipnet', seed: number): Weights {
  const layers = new RandomLayers(seed);
  const isPlain = variant === 'rlfn';
  const part = isPlain ? '' : '.eval_conv';
  layers.conv(`conv_1${part}`, F, 3, 3, isPlain);
  for (let index = 1; index <= 4; index++) {
    const name = `block_${index}`;
    for (const layer of ['c1_r', 'c2_r', 'c3_r']) layers.conv(`${name}.${layer}${part}`, F, F, 3, isPlain);
    layers.conv(`${name}.c5`, F, F, 1, isPlain);
    attention(layers, `${name}.esa`, F, 16, isPlain ? 'conv3' : 'conv3.eval_conv');
  }
  layers.conv('conv_2', F, F, isPlain ? 3 : 1, isPlain);
  layers.conv(`upsampler.0${part}`, 48, F, 3, isPlain, 0.3);
  return layers.weights;
}

export function randomSpanf(seed: number): Weights {
  const layers = new RandomLayers(seed);
  layers.conv('conv_near', 48, 1, 3, false);
  for (let index = 1; index <= 5; index++) {
    for (const layer of ['c1_r', 'c2_r', 'c3_r']) {
      layers.conv(`block_${index}.${layer}.eval_conv`, F, index === 1 && layer === 'c1_r' ? 3 : F);
    }
  }
  layers.conv('conv_cat', F, 2 * F + 48, 1);
  layers.conv('conv_2.eval_conv', 48, F, 3, true, 0.3);
  return layers.weights;
}
