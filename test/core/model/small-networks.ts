import {
  type MosrShape,
  type PlksrShape,
  type RandomAttention,
  randomMosr,
  randomPlksr,
} from './writers/random-attention.ts';
import { type FdatShape, randomCraft, randomFdat } from './writers/random-craft.ts';
import { randomCugan } from './writers/random-cugan.ts';
import { type DatShape, randomDat, randomRgt } from './writers/random-dat.ts';
import { type GrlShape, randomGrl } from './writers/random-grl.ts';
import { randomDctlsa, randomDitn, randomMmRealSr, randomSeemore } from './writers/random-light.ts';
import { randomSafmn, randomSpanPlus } from './writers/random-modern.ts';
import { randomOmnisr } from './writers/random-omnisr.ts';
import { randomDncnn, randomDrunet, randomFbcnn, randomNafnet, randomScunet } from './writers/random-restorers.ts';
import { randomSpsr } from './writers/random-spsr.ts';
import {
  randomAtd,
  randomDrct,
  randomHat,
  randomSrformer,
  randomSwin2sr,
  randomSwinir,
  type SwinShape,
} from './writers/random-swin.ts';

type Row = readonly [name: string, network: RandomAttention];

const FRAME = { features: 16, heads: 2, depths: [2], upsampler: 'pixelshuffledirect', scale: 2 } as const;
const SWIN: SwinShape = { ...FRAME, window: 4 };
const DAT: DatShape = { ...FRAME, features: 32, heads: 4, window: [2, 4] };
const PLKSR: PlksrShape = { features: 8, blocks: 1, scale: 2, real: true, norm: 'group' };
const MOSR: MosrShape = { features: 8, blocks: 1, scale: 2, tail: 'gps' };
const GRL: GrlShape = { ...FRAME, window: 4, stripe: [4, 8], anchor: 2 };
const FDAT: FdatShape = { features: 16, heads: 2, window: 4, scale: 2, upsampler: 'transpose+conv' };

/** One of each family that became a program or came with them, as small as it can be. */
export const SMALL_NETWORKS: readonly Row[] = [
  ['plksr', randomPlksr(PLKSR, 1)],
  ['dat', randomDat(DAT, 1)],
  ['rgt', randomRgt({ ...DAT, upsampler: 'pixelshuffle' }, 1)],
  ['swinir', randomSwinir(SWIN, 1)],
  ['srformer', randomSrformer(SWIN, 1)],
  ['hat', randomHat({ ...SWIN, upsampler: 'pixelshuffle', outer: 6 }, 1)],
  ['drct', randomDrct({ ...SWIN, features: 16, heads: 2, upsampler: 'pixelshuffle', growth: 6, groups: 1 }, 1)],
  ['mosr', randomMosr(MOSR, 1)],
  ['atd', randomAtd({ ...SWIN, entries: 5 }, 1)],
  ['real-cugan', randomCugan({ kind: 'x4', width: 4 }, 1)],
  ['spanplus', randomSpanPlus({ features: 8, blocks: [1], scale: 2, tail: 'ps' }, 1)],
  ['safmn', randomSafmn({ features: 8, blocks: 1, scale: 2 }, 1)],
  ['scunet', randomScunet({ features: 16, blocks: [1, 0, 0, 1], window: 4 }, 1)],
  ['nafnet', randomNafnet({ features: 4, encoders: [1], middle: 1, decoders: [1] }, 1)],
  ['fbcnn', randomFbcnn({ features: [4, 4, 4, 8], blocks: 1, hidden: 8 }, 1)],
  ['drunet', randomDrunet({ features: [4, 4, 4, 8], blocks: 1 }, 1)],
  ['dncnn', randomDncnn({ features: 4, convolutions: 4, norm: true, strength: true }, 1)],
  ['swin2sr', randomSwin2sr({ ...SWIN, upsampler: 'pixelshuffle_aux' }, 1)],
  ['ditn', randomDitn({ features: 8, blocks: 1, scale: 2 }, 1)],
  ['dctlsa', randomDctlsa({ features: 10, scale: 2 }, 1)],
  ['seemore', randomSeemore({ features: 8, layers: 1, experts: 2, scale: 2 }, 1)],
  ['mm-realsr', randomMmRealSr({ features: 4, growth: 2, blocks: 1, embedding: 8 }, 1)],
  ['craft', randomCraft({ features: 32, heads: 4, depths: [1], window: [2, 4], scale: 2 }, 1)],
  ['fdat', randomFdat(FDAT, 1)],
  ['spsr', randomSpsr({ features: 4, growth: 2, doublings: 1 }, 1)],
  ['grl', randomGrl(GRL, 1)],
  ['omnisr', randomOmnisr({ features: 16, groups: 1, blocks: 1, window: 4, scale: 2 }, 1)],
];

/** Their other forms. */
export const SMALL_VARIANTS: readonly Row[] = [
  ['plksr-rectangles', randomPlksr({ ...PLKSR, real: false, mixer: [1, 3], far: 'rectangles' }, 1)],
  ['plksr-dysample', randomPlksr({ ...PLKSR, norm: 'layer', tail: 'DySample' }, 1)],
  ['dat-light', randomDat({ ...DAT, upsampler: 'pixelshuffle', connection: '3conv' }, 1)],
  ['swinir-real', randomSwinir({ ...SWIN, upsampler: 'nearest+conv', connection: '3conv' }, 1)],
  ['swinir-denoise', randomSwinir({ ...SWIN, upsampler: 'none', scale: 1 }, 1)],
  ['swinir-unshuffle', randomSwinir({ ...SWIN, upsampler: 'nearest+conv', unshuffle: 2 }, 1)],
  ['mosr-dysample', randomMosr({ ...MOSR, tail: 'dys', seen: 0.5 }, 1)],
  ['mosr-shuffle', randomMosr({ ...MOSR, tail: 'ps' }, 1)],
  ['cugan-fast', randomCugan({ kind: 'x2 fast', pro: true, width: 4 }, 1)],
  ['spanplus-dysample', randomSpanPlus({ features: 8, blocks: [1, 1], scale: 2, tail: 'dys' }, 1)],
  ['safmn-bcie', randomSafmn({ features: 8, blocks: 1, scale: 1, groups: 1, unshuffle: 2 }, 1)],
  ['swin2sr-classical', randomSwin2sr({ ...SWIN, upsampler: 'pixelshuffle' }, 1)],
  ['swin2sr-fine', randomSwin2sr({ ...SWIN, upsampler: 'pixelshuffle_hf' }, 1)],
  ['fdat-lda', randomFdat({ ...FDAT, upsampler: 'lda' }, 1)],
  ['fdat-dysample', randomFdat({ ...FDAT, upsampler: 'dysample' }, 1)],
  ['fdat-nearest', randomFdat({ ...FDAT, upsampler: 'nearest+conv', unshuffle: 2 }, 1)],
  ['fdat-shuffle', randomFdat({ ...FDAT, upsampler: 'pixelshuffle', scale: 3 }, 1)],
  ['fdat-pa', randomFdat({ ...FDAT, upsampler: 'pa_up' }, 1)],
  [
    'grl-base',
    randomGrl(
      {
        ...FRAME,
        upsampler: 'nearest+conv',
        features: 36,
        heads: 3,
        window: 4,
        stripe: [4, 8],
        anchor: 2,
        isLocal: true,
      },
      1,
    ),
  ],
  ['grl-convolved', randomGrl({ ...GRL, anchors: 'convolution', isSeparable: true, connection: 'linear' }, 1)],
  ['grl-merging', randomGrl({ ...GRL, stripe: [4, 4], anchor: 4, anchors: 'merging', stages: 2 }, 1)],
  [
    'omnisr-plain',
    randomOmnisr({ features: 16, groups: 1, blocks: 1, window: 4, scale: 2, positions: false, bias: false }, 1),
  ],
];
