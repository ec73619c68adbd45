import { expect, it } from 'vitest';
import { importNcnn } from '../../../../src/core/model/ncnn/import-ncnn.ts';
import { expectRefusal } from '../refusals.ts';
import { NcnnWriter, writeNcnnCompact } from '../writers/ncnn-writer.ts';
import { randomCompact } from '../writers/random-networks.ts';

const { param, bin } = writeNcnnCompact(randomCompact(4, 1, 2, 1), 2, true);
const read = (text: string, weights: Uint8Array = bin) => importNcnn(Buffer.from(text), weights);

it.each<[string, string, RegExp]>([
  ['weights that no shape explains', param.replace('6=108', '6=107'), /107 weights, which no shape explains/],
  ['channels that do not fit', param.replace('0=4 1=3', '0=2 1=3'), /takes|biases|values|channels/],
  ['a value that nothing makes', param.replace('1 1 b2 ', '1 1 dada '), /reads "dada"/],
  ['one name made twice', param.replace('1 2 data b1 b2', '1 2 data b1 b1'), /"b1" is made by two layers/],
  ['an absurd enlargement', param.replace(/1=2.000000e\+00 2=2.000000e\+00/, '1=9000 2=9000'), /32 times larger/],
  ['a shuffle that does not divide', param.replace(/(PixelShuffle .*) 0=2/, '$1 0=5'), /spreads/],
  ['a count that makes no sense', param.replace('0=4 1=3', '0=-4 1=3'), /which makes no sense/],
])('refuses a .param with %s', (_name, text, reason) => {
  expect(text).not.toBe(param);
  expectRefusal(() => read(text), reason);
});

it('refuses a .bin with bytes missing or left over', () => {
  expectRefusal(() => read(param, bin.subarray(0, -4)), /ends inside layer/);
  expectRefusal(() => read(param, Buffer.concat([bin, Buffer.alloc(4)])), /has 4 bytes more than its .param names/);
});

it('refuses a .bin with an unknown tag, and names int8 weights', () => {
  const tagged = (tag: number) => {
    const copy = Buffer.from(bin);
    copy.writeUInt32LE(tag, 0);
    return copy;
  };
  expectRefusal(() => read(param, tagged(0x12345678)), /unknown tag 0x12345678/);
  expectRefusal(() => read(param, tagged(0x000d4b38)), /int8 weights/, 'model-unsupported');
});

it('names the layers that it does not know', () => {
  expectRefusal(
    () => read(param.replace('PReLU', 'LSTM')),
    /layers that upreel does not know: LSTM/,
    'model-unsupported',
  );
});

it('refuses a network with two outputs', () => {
  const writer = new NcnnWriter(true);
  writer.layer('Split', ['data'], '', 2);
  const files = writer.finish();
  expectRefusal(() => read(files.param, files.bin), /has 2 outputs/);
});

it('refuses a .param that is not text', () => {
  expectRefusal(() => importNcnn(Buffer.from([0xff, 0xfe, 0x00]), bin), /not text/);
});

it.each([
  ['Convolution', '0=3 1=1 3=1 13=64 6=9'],
  ['Deconvolution', '0=3 1=1 3=64 13=1 6=9'],
])('refuses sizes beyond all measure, by hundreds of a %s', (type, settings) => {
  const writer = new NcnnWriter(false);
  const data = new Float32Array(9);
  let blob = 'data';
  for (let layer = 0; layer < 300; layer++) {
    blob = writer.one(type, [blob], settings);
    writer.tagged(data);
  }
  const network = writer.finish();
  expectRefusal(() => read(network.param, network.bin), /absurdly large or small/);
});
