import type { Planes, Weights } from '../../support/reference-evaluator.ts';
import { seededRandom } from './writers/random-networks.ts';
import * as random from './writers/random-paper-networks.ts';

/** A network, and what PyTorch makes of `paperPicture` with it in float32. */
export interface PaperNetwork {
  readonly file: string;
  readonly weights: Weights;
  readonly architecture: string;
  readonly summary: string;
  readonly channels: 1 | 3;
  readonly scale: number;
  readonly facts: PaperFacts;
}

/** Eight samples, from the first to the last in equal steps, and the mean of all. */
export interface PaperFacts {
  readonly mean: number;
  readonly samples: readonly number[];
}

/** Samples of 0..1, 24x18, larger than the least that the attention of RFDN takes. */
export function paperPicture(channels: 1 | 3): Planes {
  const random = seededRandom(99);
  const [width, height] = [24, 18];
  const data = Float64Array.from({ length: channels * width * height }, () => Math.fround(0.5 + 0.4 * random()));
  return { channels, height, width, data };
}

const RGB = 3;
const LUMA = 1;
const { leftthomas, twtygqyy, twtygqyyInstance, sgrvinod, aladdinpersson, ...lornatang } = random.SRRESNETS;

const TABLE: readonly (readonly [string, Weights, string, string, 1 | 3, number])[] = [
  ['leftthomas', leftthomas, 'srresnet', '8 feat, 2 blocks, tanh', RGB, 4],
  ['twtygqyy', twtygqyy, 'srresnet', '8 feat, 2 blocks', RGB, 4],
  ['twtygqyyInstance', twtygqyyInstance, 'srresnet', '8 feat, 2 blocks', RGB, 4],
  ['lornatang2022', lornatang.lornatang2022, 'srresnet', '8 feat, 2 blocks', RGB, 4],
  ['lornatang2021', lornatang.lornatang2021, 'srresnet', '8 feat, 2 blocks', RGB, 4],
  ['lornatangAugust2021', lornatang.lornatangAugust2021, 'srresnet', '8 feat, 2 blocks', RGB, 4],
  ['lornatangJuly2021', lornatang.lornatangJuly2021, 'srresnet', '8 feat, 2 blocks, tanh', RGB, 4],
  ['lornatangApril2021', lornatang.lornatangApril2021, 'srresnet', '8 feat, 2 blocks', RGB, 4],
  ['lornatang2020', lornatang.lornatang2020, 'srresnet', '8 feat, 2 blocks, on -1..1, tanh', RGB, 4],
  ['sgrvinod', sgrvinod, 'srresnet', "8 feat, 2 blocks, less ImageNet's mean, tanh", RGB, 4],
  ['aladdinpersson', aladdinpersson, 'srresnet', '8 feat, 2 blocks, tanh', RGB, 4],
  ['swift-srgan', random.randomSwiftSrgan(21), 'swift-srgan', '8 feat, 2 blocks', RGB, 4],
  ['edsr', random.randomAuthorsEdsr(255, 22), 'edsr', '8 feat, 2 blocks, residuals x 1', RGB, 3],
  ['edsr-of-1', random.randomAuthorsEdsr(1, 23), 'edsr', '8 feat, 2 blocks, residuals x 1', RGB, 3],
  ['mdsr', random.randomMdsr(24), 'mdsr', '8 feat, 2 blocks, x4 of 2, 3, 4', RGB, 4],
  ['mdsr_x3', random.randomMdsr(24), 'mdsr', '8 feat, 2 blocks, x3 of 2, 3, 4', RGB, 3],
  ['rcan', random.randomRcan('normalised', 25), 'rcan', '8 feat, 2 groups of 2 blocks', RGB, 4],
  [
    'rcan-unshuffled',
    random.randomRcan('unshuffled', 26),
    'rcan',
    '8 feat, 2 groups of 2 blocks, pixel-unshuffle 2, no norm',
    RGB,
    2,
  ],
  ['msrn', random.randomMsrn(27), 'msrn', '8 feat, 2 blocks', RGB, 3],
  ['espcn-yjn870', random.randomEspcn('yjn870', 28), 'espcn', '3 conv, on luma', LUMA, 3],
  ['espcn-lornatang', random.randomEspcn('lornatang', 29), 'espcn', '3 conv, on luma', LUMA, 3],
  ['espcn-leftthomas', random.randomEspcn('leftthomas', 39), 'espcn', '3 conv, on luma', LUMA, 3],
  ['espcn-torch', random.randomEspcn('torch', 30), 'espcn', '4 conv, on luma', LUMA, 3],
  ['fsrcnn-yjn870_x2', random.randomFsrcnn('yjn870', 31), 'fsrcnn', '8 feat, 5 conv, on luma', LUMA, 2],
  ['fsrcnn-lornatang_x4', random.randomFsrcnn('lornatang', 32), 'fsrcnn', '8 feat, 5 conv, on luma', LUMA, 4],
  ['srcnn_x2', random.randomNamedSrcnn(33), 'srcnn', '8 feat, on luma', LUMA, 2],
  ['imdn', random.randomImdn(34), 'imdn', '16 feat, 6 blocks', RGB, 3],
  ['rfdn', random.randomRfdn(35), 'rfdn', '8 feat, 4 blocks, on 0..1', RGB, 4],
  ['rfdn-of-255', random.randomRfdn(40, 255), 'rfdn', '8 feat, 4 blocks, on 0..255', RGB, 4],
  ['rlfn', random.randomRlfn('rlfn', 36), 'rlfn', '8 feat, 4 blocks, on 0..1', RGB, 4],
  ['dipnet', random.randomRlfn('dipnet', 37), 'rlfn', '8 feat, 4 blocks, on 0..1, DIPNet', RGB, 4],
  ['spanf', random.randomSpanf(38), 'spanf', '8 feat, 5 blocks', RGB, 4],
];

const FACTS: Readonly<Record<string, PaperFacts>> = {
  leftthomas: {
    mean: 0.50195,
    samples: [0.512334, 0.298457, 0.4306, 0.635366, 0.533516, 0.443749, 0.534021, 0.506714],
  },
  twtygqyy: {
    mean: -0.042238,
    samples: [-0.018892, -0.132887, -0.124613, 0.071585, 0.143461, -0.025919, -0.103407, -0.023475],
  },
  twtygqyyInstance: {
    mean: 0.009415,
    samples: [0.02558, -0.175989, -0.285048, -0.155058, 0.180292, 0.047224, 0.171104, 0.086192],
  },
  lornatang2022: {
    mean: 0.064723,
    samples: [-0.090706, -0.26252, -0.118731, 0.272748, 0.078454, 0.085882, -0.003588, -0.068789],
  },
  lornatang2021: {
    mean: 0.016842,
    samples: [-0.000058, -0.078261, 0.395657, 0.138419, -0.086756, -0.282071, 0.2097, 0.073869],
  },
  lornatangAugust2021: {
    mean: 0.087386,
    samples: [0.021418, -0.024811, 0.781791, 0.134066, 0.187982, -0.181693, -0.533966, 0.062255],
  },
  lornatangJuly2021: {
    mean: 0.088723,
    samples: [-0.061697, -0.289827, -0.002637, 0.128806, 0.209071, 0.478459, 0.169821, -0.003115],
  },
  lornatangApril2021: {
    mean: -0.000471,
    samples: [0.009338, 0.042955, -0.156571, 0.083474, -0.301305, 0.117273, -0.499258, 0.151279],
  },
  lornatang2020: {
    mean: 0.481018,
    samples: [0.565334, 0.461784, 0.610754, 0.315396, 0.541535, 0.502471, 0.28718, 0.496826],
  },
  sgrvinod: {
    mean: 0.421978,
    samples: [0.645526, 0.113502, 0.172288, 0.915688, 0.513302, 0.937183, 0.038146, 0.202967],
  },
  aladdinpersson: {
    mean: 0.566804,
    samples: [0.510819, 0.541086, 0.311885, 0.51418, 0.633043, 0.528504, 0.635829, 0.61051],
  },
  'swift-srgan': {
    mean: 0.573217,
    samples: [0.555411, 0.612788, 0.54344, 0.672315, 0.61925, 0.603393, 0.586772, 0.490389],
  },
  edsr: { mean: 0.43199, samples: [0.30376, 0.506416, 0.60997, 0.859073, 0.24672, 0.447011, 0.398964, 0.470421] },
  'edsr-of-1': {
    mean: 0.426494,
    samples: [0.270688, 0.196248, 0.468604, -0.104877, 0.793882, 1.041646, 0.527577, 0.751337],
  },
  mdsr: { mean: 0.415681, samples: [0.485045, 0.678234, 0.332879, 0.445199, 0.765107, 0.665535, 0.176791, 0.47047] },
  mdsr_x3: { mean: 0.41614, samples: [0.410472, 0.746043, 0.411465, 0.510789, 0.761886, 0.373068, -0.00243, 0.399862] },
  rcan: { mean: 0.433249, samples: [0.461495, 0.476446, 0.401467, 0.59802, 0.536414, 0.072358, 0.408915, 0.37299] },
  'rcan-unshuffled': {
    mean: 0.010534,
    samples: [-0.256386, 1.429481, 1.013915, 0.401818, -1.327759, 0.249165, 1.786201, -0.283985],
  },
  msrn: { mean: 0.441836, samples: [0.464982, 0.403569, 0.30451, 0.457683, 0.570909, 0.368125, 0.457132, 0.446696] },
  'espcn-yjn870': {
    mean: 0.451024,
    samples: [0.446846, 0.611056, 0.495907, 0.34994, 0.505216, 0.335961, 0.397969, 0.469118],
  },
  'espcn-lornatang': {
    mean: 0.551741,
    samples: [0.605639, 0.440155, 0.660772, 0.75109, 0.603297, 0.504467, 0.360317, 0.492066],
  },
  'espcn-leftthomas': {
    mean: 0.632898,
    samples: [0.648956, 0.614352, 0.612981, 0.665746, 0.62192, 0.632535, 0.631713, 0.606685],
  },
  'espcn-torch': {
    mean: 0.480927,
    samples: [0.472527, 0.503113, 0.640258, 0.457721, 0.50198, 0.27958, 0.429979, 0.478209],
  },
  'fsrcnn-yjn870_x2': {
    mean: 0.679746,
    samples: [0.496799, 0.677392, 0.812655, 0.593353, 0.670906, 0.683447, 0.570037, 0.589571],
  },
  'fsrcnn-lornatang_x4': {
    mean: 0.419415,
    samples: [0.301773, 0.386138, 0.359903, 0.53863, 0.430786, 0.389937, 0.345603, 0.468656],
  },
  srcnn_x2: {
    mean: 0.35903,
    samples: [0.499206, 0.286957, 0.289082, 0.241953, 0.441388, 0.361403, 0.408338, 0.615846],
  },
  imdn: {
    mean: 0.108582,
    samples: [-0.136992, -0.095345, 0.699296, -0.425592, -0.445774, 0.500726, -0.264906, -0.076962],
  },
  rfdn: { mean: 0.098449, samples: [0.032683, 0.068693, -0.109958, 0.191606, -0.00841, 0.205959, -0.00324, 0.066721] },
  'rfdn-of-255': {
    mean: -0.000847,
    samples: [0.10204, -0.163982, 0.025149, -0.107278, 0.078514, -0.018865, -0.104139, -0.057625],
  },
  rlfn: { mean: 0.062963, samples: [0.15909, 0.052068, -0.422807, 0.115102, -0.002359, 0.253636, 0.122248, -0.114534] },
  dipnet: {
    mean: 0.030732,
    samples: [0.003802, 0.283125, 0.187978, 0.192879, 0.238811, -0.019976, 0.355082, 0.037724],
  },
  spanf: {
    mean: 0.106359,
    samples: [0.168083, -0.03365, -0.238574, 0.151941, 0.155791, 0.126135, -0.048952, -0.078802],
  },
};

export const PAPER_NETWORKS: readonly PaperNetwork[] = TABLE.map(
  ([file, weights, architecture, summary, channels, scale]) => {
    return { file, weights, architecture, summary, channels, scale, facts: FACTS[file]! };
  },
);
