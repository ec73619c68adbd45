import { expect, it } from 'vitest';
import { readCheckpoint } from '../../../../src/core/model/checkpoint/read-checkpoint.ts';
import { expectRefusal } from '../refusals.ts';
import { randomCompact } from '../writers/random-networks.ts';
import { PickleWriter, writeTorchLegacy, writeTorchZip } from '../writers/torch-writer.ts';
import { writeZip } from '../writers/zip-writer.ts';

const WEIGHTS = randomCompact(4, 1, 2, 1);

/** A checkpoint whose pickle does what the test says; one storage of eight floats. */
function checkpoint(write: (pickle: PickleWriter) => void): Buffer {
  const pickle = new PickleWriter();
  write(pickle);
  return writeZip([
    { name: 'archive/data.pkl', content: pickle.finish() },
    { name: 'archive/data/0', content: new Uint8Array(32) },
  ]);
}

function tensorOf(
  pickle: PickleWriter,
  count: number,
  shape: number[] | 'bomb',
  strides: number[],
  offset = 0,
): PickleWriter {
  pickle.raw('}').text('w').global('torch._utils', '_rebuild_tensor_v2').raw('((').text('storage');
  pickle.global('torch', 'FloatStorage').text('0').text('cpu').number(count).raw('tQ').number(offset);
  if (shape === 'bomb') pickle.raw('(h\x00t');
  else pickle.tuple(shape);
  return pickle.tuple(strides).raw([0x89]).raw('}tRs');
}

/** Leaves a pair of a pair of a pair, 60 levels deep: a few bytes here, more than memory if made into text. */
function bomb(pickle: PickleWriter): PickleWriter {
  pickle.raw(']q\x00');
  for (let level = 0; level < 60; level++) pickle.raw('h\x00h\x00\x86q\x00');
  return pickle;
}

function manyDictionaries(pickle: PickleWriter): void {
  pickle.raw(`](${'K\x01K\x01\x86'.repeat(1000)}eq\x00`);
  for (let index = 0; index < 300; index++) pickle.global('collections', 'OrderedDict').raw('h\x00\x85R');
}

it('reads a tensor with an offset and strides', () => {
  const state = readCheckpoint(checkpoint((pickle) => tensorOf(pickle, 8, [2, 2], [1, 4], 2)));
  expect(state.shape('w')).toEqual([2, 2]);
  expect([...state.tensor('w', 2).data]).toEqual([0, 0, 0, 0]);
});

it.each<[string, (pickle: PickleWriter) => void, RegExp]>([
  ['a call of the shell', (p) => p.global('os', 'system').raw('(').text('id').raw('tR'), /calls "os.system"/],
  ['a call of eval', (p) => p.global('builtins', 'eval').raw('(').text('1').raw('tR'), /calls "builtins.eval"/],
  ['a call of getattr', (p) => p.global('builtins', 'getattr').raw('())tR'), /calls "builtins.getattr"/],
  ['an object built from a class', (p) => p.global('os', 'popen').raw(')').raw([0x81]), /operation 0x81/],
  ['an instance (INST)', (p) => p.raw('(ios\nsystem\n'), /operation 0x69/],
  ['an extension code', (p) => p.raw([0x82, 1]), /operation 0x82/],
  ['state set on a value', (p) => p.number(1).raw('}b'), /sets the state/],
  ['a name that is a prototype', (p) => p.global('__proto__', 'x').raw(')R'), /calls "__proto__.x"/],
  ['a reference to a file', (p) => p.raw('(').text('file').text('/etc/passwd').raw('tQ'), /other than the storage/],
  [
    'a storage of an unknown type',
    (p) => p.raw('(').text('storage').global('torch', 'constructor').text('0').text('cpu').number(8).raw('tQ'),
    /"torch.constructor", which is no storage/,
  ],
  ['a tensor beyond its storage', (p) => tensorOf(p, 8, [9], [1]), /reaches beyond its storage of 8/],
  ['a tensor that starts beyond its storage', (p) => tensorOf(p, 8, [2], [1], 7), /reaches beyond/],
  ['strides beyond the storage', (p) => tensorOf(p, 8, [2, 2], [7, 1]), /reaches beyond/],
  ['one element repeated without end', (p) => tensorOf(p, 8, [1000, 1000], [0, 0]), /reaches beyond/],
  ['absurd dimensions', (p) => tensorOf(p, 8, [2147483647, 2147483647], [0, 0]), /has the dimensions/],
  ['negative dimensions', (p) => tensorOf(p, 8, [-1], [1]), /has -1 where a whole number belongs/],
  ['negative strides', (p) => tensorOf(p, 8, [2], [-1]), /has -1 where a whole number belongs/],
  ['more strides than dimensions', (p) => tensorOf(p, 8, [2], [1, 1]), /too many strides/],
  ['nine dimensions', (p) => tensorOf(p, 8, new Array(9).fill(1), new Array(9).fill(1)), /has 9 dimensions/],
  ['a name that is a bomb', (p) => bomb(p).raw([0x93]), /without text/],
  ['dimensions that are a bomb', (p) => tensorOf(bomb(p), 8, 'bomb', [1]), /something of type object where/],
  ['one list made into dictionaries for ever', (p) => manyDictionaries(p), /more than 200000 pairs/],
  ['an empty stack', (p) => p.raw('R'), /takes from an empty stack/],
  ['a mark that is not there', (p) => p.raw('t'), /no mark/],
  ['a memo that is not there', (p) => p.raw('h\x01'), /never stored/],
  ['a text longer than the file', (p) => p.raw([0x58, 255, 255, 255, 127]), /is cut off/],
])('refuses a pickle with %s', (_name, write, reason) => {
  expectRefusal(() => readCheckpoint(checkpoint(write)), reason);
});

it('refuses a storage that is shorter than the pickle says', () => {
  const state = readCheckpoint(checkpoint((pickle) => tensorOf(pickle, 16, [16], [1])));
  expectRefusal(() => state.tensor('w', 1), /storage of 16 elements has 32 bytes/);
});

it('refuses to decode one storage for many tensors', () => {
  const state = readCheckpoint(checkpoint((pickle) => tensorOf(pickle, 8, [8], [1])));
  for (let index = 0; index < 4; index++) state.tensor('w', 1);
  expectRefusal(() => state.tensor('w', 1), /share one storage/);
});

it('refuses weights that are not finite', () => {
  const broken = new Map(WEIGHTS).set('body.0.bias', { shape: [4], data: Float32Array.of(0, Number.NaN, 0, 0) });
  const state = readCheckpoint(writeTorchZip(broken));
  expectRefusal(() => state.tensor('body.0.bias', 1), /body.0.bias are not all finite/);
});

it('refuses a legacy file that is cut off or too long', () => {
  const file = writeTorchLegacy(WEIGHTS);
  expectRefusal(() => readCheckpoint(file.subarray(0, -1)), /cut off/);
  expectRefusal(() => readCheckpoint(Buffer.concat([file, Buffer.alloc(3)])), /3 bytes follow its last storage/);
});

it('names a TorchScript program and a checkpoint without weights', () => {
  const script = writeZip([
    { name: 'net/data.pkl', content: new PickleWriter().raw('}').finish() },
    { name: 'net/code/__torch__.py', content: Buffer.from('class Net') },
  ]);
  expectRefusal(() => readCheckpoint(script), /TorchScript program/, 'model-unsupported');
  const empty = checkpoint((pickle) => pickle.raw('}').text('epoch').number(3).raw('s'));
  expectRefusal(() => readCheckpoint(empty), /outermost keys are: epoch/, 'model-unsupported');
});
