import { expect, it } from 'vitest';
import { parseParam } from '../../../../src/core/model/ncnn/param-file.ts';

const PARAM = `7767517
2 2
Input  in0   0 1 data
Convolution conv0 1 1 data out 0=8 1=3 4=1 5=1 6=216 9=2 -23310=1,2.000000e-01
`;

it('reads layers, blobs, numbers and arrays', () => {
  const [, conv] = parseParam(PARAM);
  expect(conv).toMatchObject({ type: 'Convolution', name: 'conv0', inputs: ['data'], outputs: ['out'] });
  expect(conv?.settings.number(6, 0)).toBe(216);
  expect(conv?.settings.array(10)).toEqual([0.2]);
  expect(conv?.settings.number(11, 3)).toBe(3);
});

it.each([
  ['another magic number', PARAM.replace('7767517', '7767518'), /does not begin with/],
  ['a wrong layer count', PARAM.replace('2 2', '3 2'), /announces 3 layers and has 2/],
  ['a wrong blob count', PARAM.replace('2 2', '2 9'), /announces 9 blobs and has 2/],
  ['a layer cut off', PARAM.replace('1 1 data out', '9 1 data out'), /conv0 of its .param is cut off/],
  ['an array of another length', PARAM.replace('=1,2.0', '=2,2.0'), /announces 2 values and has 1/],
  ['a setting that is no number', PARAM.replace('0=8', '0=eight'), /has the setting "0=eight"/],
  ['a count that is no number', PARAM.replace('0 1 data', '0 -1 data'), /where a count belongs/],
])('refuses %s', (_name, text, reason) => {
  expect(() => parseParam(text)).toThrow(expect.objectContaining({ code: 'model-refused' }));
  expect(() => parseParam(text)).toThrow(reason);
});
