import { expect, it } from 'vitest';
import { looksLikeSafetensors, readSafetensors } from '../../../../src/core/model/checkpoint/safetensors.ts';
import { expectRefusal } from '../refusals.ts';
import { assembleSafetensors } from '../writers/safetensors-writer.ts';

const data = Buffer.from(Float32Array.of(1, 2, 3, 4).buffer);
const entry = (begin: number, end: number, shape = [(end - begin) / 4], dtype = 'F32') =>
  JSON.stringify({ dtype, shape, data_offsets: [begin, end] });

it('reads tensors and leaves metadata out', () => {
  const file = assembleSafetensors(`{"__metadata__":{"a":"b"},"x":${entry(0, 8)},"y":${entry(8, 16, [2, 1])}}  `, data);
  const tensors = readSafetensors(file);
  expect([...tensors.keys()]).toEqual(['x', 'y']);
  expect(tensors.get('y')?.read()).toEqual({ shape: [2, 1], data: Float32Array.of(3, 4) });
});

it.each<[string, string, RegExp]>([
  ['no JSON', '{"x":', /not JSON/],
  ['a name twice', `{"x":${entry(0, 16)},"x":${entry(0, 16)}}`, /names a tensor twice/],
  ['overlapping tensors', `{"x":${entry(0, 16)},"y":${entry(8, 16)}}`, /overlap/],
  ['a hole', `{"x":${entry(0, 4)},"y":${entry(8, 16)}}`, /leave a hole/],
  ['data that no tensor covers', `{"x":${entry(0, 8)}}`, /8 bytes of its data belong to no tensor/],
  ['a tensor outside the file', `{"x":${entry(0, 20)}}`, /lies outside the file/],
  ['offsets that run backwards', `{"x":${entry(16, 0, [4])}}`, /has -16 bytes for 4 elements/],
  ['a shape that does not fit its bytes', `{"x":${entry(0, 16, [5])}}`, /has 16 bytes for 5 elements/],
  ['absurd dimensions', `{"x":${entry(0, 16, [2 ** 40, 2 ** 40])}}`, /has the dimensions/],
  ['negative dimensions', `{"x":${entry(0, 16, [-2, -2])}}`, /has -2 where a whole number belongs/],
  ['fractional offsets', '{"x":{"dtype":"F32","shape":[4],"data_offsets":[0.5,16]}}', /has 0.5 where/],
  ['an unknown type', `{"x":${entry(0, 16, [4], 'constructor')}}`, /unknown type constructor/],
  ['no shape', '{"x":{"dtype":"F32"}}', /has no shape/],
  ['a description that is no object', '{"x":7}', /no description of x/],
])('refuses a header with %s', (_name, header, reason) => {
  expectRefusal(() => readSafetensors(assembleSafetensors(header, data)), reason);
});

it('refuses headers longer than the file or than any real one', () => {
  const file = assembleSafetensors('{}', Buffer.alloc(0));
  file.writeBigUInt64LE(9n, 0);
  expectRefusal(() => readSafetensors(file), /longer than the file/);
  file.writeBigUInt64LE(2n ** 63n, 0);
  expectRefusal(() => readSafetensors(file), /more than 4194304/);
  expect(looksLikeSafetensors(file)).toBe(false);
});
