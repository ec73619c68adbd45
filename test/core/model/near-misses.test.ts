import { describe, expect, it } from 'vitest';
import { buildFromWeights } from '../../../src/core/model/architecture/detect.ts';
import { readCheckpoint } from '../../../src/core/model/checkpoint/read-checkpoint.ts';
import type { Weights } from '../../support/reference-evaluator.ts';
import {
  RandomLayers,
  randomCompact,
  randomEdsr,
  randomMsrResNet,
  randomRrdb,
  randomSpan,
  randomSrcnn,
} from './writers/random-networks.ts';
import * as paper from './writers/random-paper-networks.ts';
import { writeSafetensors } from './writers/safetensors-writer.ts';

const { leftthomas } = paper.SRRESNETS;

function read(weights: Weights, file = 'n.safetensors') {
  return buildFromWeights(readCheckpoint(writeSafetensors(weights)), file);
}

function without(weights: Weights, pattern: RegExp): Weights {
  return new Map([...weights].filter(([key]) => !pattern.test(key)));
}

/** The weights with some in place of theirs. */
function withLayers(weights: Weights, make: (layers: RandomLayers) => void): Weights {
  const layers = new RandomLayers(1);
  make(layers);
  return new Map([...weights, ...layers.weights]);
}

describe('networks whose keys are alike are told apart', () => {
  it.each<[string, string, Weights]>([
    ['body.0.conv1: with upconv1', 'msrresnet', randomMsrResNet(8, 2, [2], 1)],
    ['body.0.conv1: with conv_after_body', 'edsr', randomEdsr(8, 2, [2], 1)],
    ['body.0.body.0: EDSR', 'edsr', paper.randomAuthorsEdsr(255, 1)],
    ['body.0.body.0: MDSR, which has all keys of EDSR but the end', 'mdsr', paper.randomMdsr(1)],
    ['body.0.body.0: RCAN, one level deeper', 'rcan', paper.randomRcan('normalised', 1)],
    ['head, body and tail: MSRN', 'msrn', paper.randomMsrn(1)],
    ['body.0.rdb1: ESRGAN', 'rrdb', randomRrdb({ features: 4, growth: 2, blocks: 1, doublings: 1 }, 1)],
    ['body.0, body.1: Compact', 'compact', randomCompact(4, 1, 2, 1)],
    ['block_1.c1_r: SPAN', 'span', randomSpan(6, 2, true, 1)],
    ['block_1.c1_r: SPAN without training form', 'span', without(randomSpan(6, 2, true, 1), /\.(sk|conv\.\d)\./)],
    ['block_1.c1_r: SPANF', 'spanf', paper.randomSpanf(1)],
    ['block_1.c1_r: RLFN', 'rlfn', paper.randomRlfn('rlfn', 1)],
    ['block_1.c1_r: DIPNet', 'rlfn', paper.randomRlfn('dipnet', 1)],
    ['fea_conv and LR_conv: IMDN', 'imdn', paper.randomImdn(1)],
    ['fea_conv and LR_conv: RFDN', 'rfdn', paper.randomRfdn(1)],
    ['conv1 to conv3: as many channels out as in', 'srcnn', randomSrcnn(8, 1, 1)],
    ['conv1 to conv3: channels for PixelShuffle', 'espcn', paper.randomEspcn('leftthomas', 1)],
    ['conv1 to conv4', 'espcn', paper.randomEspcn('torch', 1)],
    ['first_part and last_part: ESPCN', 'espcn', paper.randomEspcn('yjn870', 1)],
    ['first_part and last_part: FSRCNN', 'fsrcnn', paper.randomFsrcnn('yjn870', 1)],
    ['initial.cnn: whole convolutions', 'srresnet', paper.SRRESNETS.aladdinpersson],
    ['initial.cnn: parted convolutions', 'swift-srgan', paper.randomSwiftSrgan(1)],
    [
      'block1, block2: with PReLU in place of the last normalisation',
      'srresnet',
      withLayers(without(leftthomas, /^block4\.1\./), (layers) => layers.vector('block4.1.weight', 1, 0.25, 0.2)),
    ],
  ])('%s', (_name, architecture, weights) => {
    expect(read(weights, 'n_x2.pth').recognition.architecture).toBe(architecture);
  });
});

describe('what is nearly such a network is refused by name', () => {
  it.each<[string, Weights, string, RegExp]>([
    ['IMDN_AS', without(paper.randomImdn(1), /^fea_conv/), 'n', /IMDN_AS, which makes the picture smaller first/],
    [
      'FSRCNN with convolutions in a row',
      without(paper.randomFsrcnn('yjn870', 1), /^mid_part\.3\./),
      'n_x2',
      /without PReLU between them/,
    ],
    ['FSRCNN of no scale', paper.randomFsrcnn('lornatang', 1), 'n', /FSRCNN does not say how much it enlarges/],
    ['FSRCNN x8', paper.randomFsrcnn('lornatang', 1), 'fsrcnn_x8', /enlarge 8 times; the limit is 4/],
    ['MDSR of another scale', paper.randomMdsr(1), 'mdsr_x8', /enlarges 2, 3, 4 times, not 8 times/],
    [
      'RFDN with a part of its own',
      withLayers(paper.randomRfdn(1), (layers) => layers.conv('B1.extra', 4, 4)),
      'n',
      /looks like RFDN, .* such as B1.extra.weight/,
    ],
    [
      'SRGAN with a block more than it has blocks',
      withLayers(leftthomas, (layers) => layers.conv('block9.conv1', 8, 8)),
      'n',
      /looks like SRResNet \(SRGAN\), .*such as block9/,
    ],
    [
      'SRGAN on two channels',
      withLayers(leftthomas, (layers) => layers.conv('block1.0', 8, 2, 9)),
      'n',
      /SRResNet network takes 2 channels and makes 3/,
    ],
    [
      'a discriminator of SRGAN',
      without(leftthomas, /^block[1245]/),
      'n',
      /No network that upreel runs has these weights/,
    ],
    [
      'a network that enlarges by no whole number',
      withLayers(paper.randomImdn(1), (layers) => layers.conv('upsampler.0', 24, 16)),
      'n',
      /makes 24 channels of 3, which is no whole scale/,
    ],
  ])('%s', (_name, weights, file, message) => {
    expect(() => read(weights, `${file}.pth`)).toThrow(message);
  });

  it.each<[string, (layers: RandomLayers) => void, RegExp]>([
    ['a variance below 0', (layers) => layers.vector('block2.bn1.running_var', 8, -1, 0), /running_var is negative/],
    ['of other width', (layers) => layers.vector('block2.bn1.bias', 9, 0, 1), /bn1.bias has 9 values for 8 channels/],
  ])('normalisation with %s', (_name, make, message) => {
    expect(() => read(withLayers(leftthomas, make))).toThrow(message);
  });
});
