import type { StateDict } from '../checkpoint/state-dict.ts';

/** How a remake of SRResNet and of SRGAN's generator feeds its network and what its output is. */
export interface SrresnetHabits {
  /** Samples in: as upreel has them, -1..1, or with ImageNet's mean and deviation taken out. */
  readonly input: 'unit' | 'signed' | 'imagenet';
  /** Samples out: as the last convolution gives them, its tanh, or its tanh as -1..1. */
  readonly output: 'plain' | 'tanh' | 'signed-tanh';
}

/** One remake: keys that only it has, what its keys become, and its habits. */
export interface SrresnetRemake {
  readonly signature: readonly string[];
  readonly rules: (state: StateDict) => readonly Rule[];
  readonly habits: SrresnetHabits;
}

type Rule = readonly [pattern: RegExp, name: string];

const PLAIN: SrresnetHabits = { input: 'unit', output: 'plain' };
const TO_SIGNED: SrresnetHabits = { input: 'unit', output: 'signed-tanh' };

/** Residual blocks whose parts have names, and the same as a sequence. */
const NAMED_BLOCK: readonly Rule[] = [[/^(?:Trunk|trunk|residual)\.(\d+)\.(\w+)\./, 'body.$1.$2.']];
const SEQUENTIAL_BLOCK: readonly Rule[] = ['conv1', 'bn1', 'prelu', 'conv2', 'bn2'].map((part, index) => [
  new RegExp(`^trunk\\.(\\d+)\\.(?:rcb|conv_block)\\.${index}\\.`),
  `body.$1.${part}.`,
]);

/** `conv1`, `conv2` and `conv3`, each a sequence, or so with `conv_block` before the number. */
const ENDS: readonly Rule[] = [
  [/^conv(?:_block)?1\.0\./, 'conv_first.'],
  [/^conv(?:_block)?1\.1\./, 'act_first.'],
  [/^conv(?:_block)?2\.0\./, 'conv_body.'],
  [/^conv(?:_block)?2\.1\./, 'bn_body.'],
  [/^conv(?:_block)?3\.(?:0\.)?(?=weight|bias)/, 'conv_last.'],
];

const SUBPIXEL: readonly Rule[] = [[/^subpixel_conv\.(\d+)\.(conv|prelu)\./, 'up.$1.$2.']];

/** A signature may hold for more than one: then the first is meant. */
export const SRRESNET_REMAKES: readonly SrresnetRemake[] = [
  // leftthomas/SRGAN: block1 and the last two are no residual blocks, however many there are.
  {
    signature: ['block1.0.weight', 'block2.bn1.running_var'],
    rules: (state) => {
      const last = countBlocks(state);
      return [
        [/^block1\.0\./, 'conv_first.'],
        [/^block1\.1\./, 'act_first.'],
        [new RegExp(`^block${last - 1}\\.0\\.`), 'conv_body.'],
        // A normalisation, or in an early form a PReLU.
        [
          new RegExp(`^block${last - 1}\\.1\\.`),
          state.has(`block${last - 1}.1.running_var`) ? 'bn_body.' : 'act_body.',
        ],
        [new RegExp(`^block${last}\\.(\\d+)\\.(conv|prelu)\\.`), 'up.$1.$2.'],
        [new RegExp(`^block${last}\\.\\d+\\.(?=weight|bias)`), 'conv_last.'],
        [/^block(\d+)\.(\w+)\./, 'body.$1.$2.'],
      ];
    },
    habits: TO_SIGNED,
  },
  // twtygqyy/pytorch-SRResNet: LeakyReLU, which has no weights; first batch, then instance normalisation.
  {
    signature: ['conv_input.weight', 'residual.0.conv1.weight', 'upscale4x.0.weight'],
    rules: () => [
      [/^residual\.(\d+)\.in([12])\./, 'body.$1.bn$2.'],
      [/^conv_input\./, 'conv_first.'],
      [/^conv_mid\./, 'conv_body.'],
      [/^bn_mid\./, 'bn_body.'],
      [/^upscale4x\.0\./, 'up.0.conv.'],
      [/^upscale4x\.3\./, 'up.1.conv.'],
      [/^conv_output\./, 'conv_last.'],
      ...NAMED_BLOCK,
    ],
    habits: PLAIN,
  },
  // Lornatang/SRGAN-PyTorch, from 2022.
  {
    signature: ['conv1.0.weight', 'trunk.0.rcb.1.running_var', 'upsampling.0.upsample_block.0.weight'],
    rules: () => [
      [/^upsampling\.(\d+)\.upsample_block\.0\./, 'up.$1.conv.'],
      [/^upsampling\.(\d+)\.upsample_block\.2\./, 'up.$1.prelu.'],
      ...ENDS,
      ...SEQUENTIAL_BLOCK,
    ],
    habits: PLAIN,
  },
  // The same from August 2021 on, first with batch normalisation before PixelShuffle, then without.
  {
    signature: ['conv_block1.0.weight', 'conv_block3.weight', 'upsampling.0.weight'],
    rules: (state) => [...enlargements(state), ...ENDS, ...SEQUENTIAL_BLOCK],
    habits: PLAIN,
  },
  // Before that, in 2021: without tanh, then with it, on pictures of -1..1 or 0..1; the last is taken for both.
  {
    signature: ['conv1.0.weight', 'trunk.0.bn1.running_var', 'subpixel_conv.0.conv.weight', 'conv3.0.weight'],
    rules: () => [...SUBPIXEL, ...ENDS, ...NAMED_BLOCK],
    habits: { input: 'unit', output: 'tanh' },
  },
  {
    signature: ['conv1.0.weight', 'trunk.0.bn1.running_var', 'subpixel_conv.0.conv.weight', 'conv3.weight'],
    rules: () => [...SUBPIXEL, ...ENDS, ...NAMED_BLOCK],
    habits: PLAIN,
  },
  // The same in 2020 and until March 2021.
  {
    signature: ['conv1.0.weight', 'Trunk.0.bn1.running_var', 'upsampling.0.weight', 'conv3.0.weight'],
    rules: (state) => [...enlargements(state), ...ENDS, ...NAMED_BLOCK],
    habits: { input: 'signed', output: 'signed-tanh' },
  },
  {
    signature: ['conv1.0.weight', 'upsampling.0.weight', 'conv3.weight'],
    rules: (state) => [...enlargements(state), ...ENDS, ...NAMED_BLOCK],
    habits: PLAIN,
  },
  // sgrvinod/a-PyTorch-Tutorial-to-Super-Resolution; its GAN keeps the same network as `net`.
  {
    signature: ['conv_block1.conv_block.0.weight', 'residual_blocks.0.conv_block1.conv_block.1.running_var'],
    rules: () => [
      [/^conv_block1\.conv_block\.0\./, 'conv_first.'],
      [/^conv_block1\.conv_block\.1\./, 'act_first.'],
      [/^residual_blocks\.(\d+)\.conv_block([12])\.conv_block\.0\./, 'body.$1.conv$2.'],
      [/^residual_blocks\.(\d+)\.conv_block([12])\.conv_block\.1\./, 'body.$1.bn$2.'],
      [/^residual_blocks\.(\d+)\.conv_block1\.conv_block\.2\./, 'body.$1.prelu.'],
      [/^conv_block2\.conv_block\.0\./, 'conv_body.'],
      [/^conv_block2\.conv_block\.1\./, 'bn_body.'],
      [/^subpixel_convolutional_blocks\.(\d+)\.(conv|prelu)\./, 'up.$1.$2.'],
      [/^conv_block3\.conv_block\.0\./, 'conv_last.'],
    ],
    habits: { input: 'imagenet', output: 'signed-tanh' },
  },
  // aladdinpersson/Machine-Learning-Collection.
  {
    signature: ['initial.cnn.weight', 'residuals.0.block1.bn.running_var', 'upsamples.0.conv.weight'],
    rules: () => [
      [/^initial\.cnn\./, 'conv_first.'],
      [/^initial\.act\./, 'act_first.'],
      [/^residuals\.(\d+)\.block([12])\.cnn\./, 'body.$1.conv$2.'],
      [/^residuals\.(\d+)\.block([12])\.bn\./, 'body.$1.bn$2.'],
      [/^residuals\.(\d+)\.block1\.act\./, 'body.$1.prelu.'],
      // Made for every block, and used in the first of each pair only.
      [/^residuals\.(\d+)\.block2\.act\./, 'unused.$1.'],
      [/^convblock\.cnn\./, 'conv_body.'],
      [/^convblock\.bn\./, 'bn_body.'],
      [/^convblock\.act\./, 'unused.body.'],
      [/^upsamples\.(\d+)\.conv\./, 'up.$1.conv.'],
      [/^upsamples\.(\d+)\.act\./, 'up.$1.prelu.'],
      [/^final\./, 'conv_last.'],
    ],
    habits: TO_SIGNED,
  },
];

/**
 * The weights under `conv_first`, `body.N`, `conv_body`, `up.N` and `conv_last`, or undefined if they are not those of
 * this remake.
 */
export function nameSrresnet({ signature, rules }: SrresnetRemake, state: StateDict): StateDict | undefined {
  if (!signature.every((key) => state.has(key))) return undefined;
  const own = rules(state);
  return state.renamed((key) => {
    const rule = own.find(([pattern]) => pattern.test(key));
    return rule && key.replace(...rule);
  });
}

function countBlocks(state: StateDict): number {
  let count = 1;
  while (state.keys.some((key) => key.startsWith(`block${count + 1}.`))) count++;
  return count;
}

/**
 * A sequence of convolution, normalisation or none, PixelShuffle and PReLU for each doubling, all numbered in a row.
 */
function enlargements(state: StateDict): Rule[] {
  const isNormed = state.has('upsampling.1.running_var');
  const parts: readonly (readonly [offset: number, name: string])[] = isNormed
    ? [
        [0, 'conv'],
        [1, 'bn'],
        [3, 'prelu'],
      ]
    : [
        [0, 'conv'],
        [2, 'prelu'],
      ];
  const length = isNormed ? 4 : 3;
  return [0, 1, 2].flatMap((up) =>
    parts.map(([offset, name]): Rule => [new RegExp(`^upsampling\\.${length * up + offset}\\.`), `up.${up}.${name}.`]),
  );
}
