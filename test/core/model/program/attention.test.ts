import { expect, it } from 'vitest';
import { attend, attendChannels, relativeBias } from '../../../../src/core/model/program/attention.ts';
import { relativeIndex } from '../../../../src/core/model/program/pair-index.ts';
import type { Tokens } from '../../../../src/core/model/program/program-builder.ts';
import type { ProgramLayers } from '../../../../src/core/model/program/program-layers.ts';
import type { Tensor } from '../../../../src/core/model/tensor.ts';
import { randomPicture, randomTensor, runBlock } from './run-blocks.ts';

const [WINDOWS, TOKENS, HEADS, WIDTH] = [2, 3, 2, 4];
const CHANNELS = HEADS * WIDTH;
const ANY = randomPicture(1, 1, 1);

function tokens(layers: ProgramLayers, rows: Tensor): Tokens {
  const step = layers.step('Identity', [rows]);
  return { layout: 'tokens', step, channels: rows.shape[1]!, density: 1, extent: step };
}

function at({ data, shape }: Tensor, row: number, column: number): number {
  return data[row * shape[1]! + column]!;
}

function softmax(numbers: number[]): number[] {
  const powers = numbers.map(Math.exp);
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

it.each([3, 2])('attention within windows, with %d keys in each, is that of the definition', async (keys) => {
  const q = randomTensor([WINDOWS * TOKENS, CHANNELS], 1);
  const [k, v] = [2, 3].map((seed) => randomTensor([WINDOWS * keys, CHANNELS], seed));
  const bias = randomTensor([HEADS, TOKENS, keys], 4);
  const mask = randomTensor([WINDOWS, 1, TOKENS, keys], 5);
  const made = await runBlock(ANY, (layers) =>
    attend(layers, tokens(layers, q), tokens(layers, k!), tokens(layers, v!), {
      ...{ heads: HEADS, tokens: TOKENS, keys },
      bias: layers.step('Identity', [bias]),
      mask: layers.step('Identity', [mask]),
    }),
  );
  for (let row = 0; row < WINDOWS * TOKENS; row++) {
    for (let channel = 0; channel < CHANNELS; channel++) {
      const [window, token, head] = [Math.floor(row / TOKENS), row % TOKENS, Math.floor(channel / WIDTH)];
      const weights = softmax(
        Array.from({ length: keys }, (_, key) => {
          let product = 0;
          for (let c = head * WIDTH; c < (head + 1) * WIDTH; c++)
            product += at(q, row, c) * at(k!, window * keys + key, c);
          const offset = bias.data[(head * TOKENS + token) * keys + key]!;
          return product / Math.sqrt(WIDTH) + offset + mask.data[(window * TOKENS + token) * keys + key]!;
        }),
      );
      const expected = weights.reduce((sum, weight, key) => sum + weight * at(v!, window * keys + key, channel), 0);
      expect(made.data[row * CHANNELS + channel]).toBeCloseTo(expected, 5);
    }
  }
});

it.each([
  ['over the places of each window', false],
  ['over the windows at each place', true],
])('attention between channels, %s, is that of the definition', async (_name, across) => {
  const [q, k, v] = [1, 2, 3].map((seed) => randomTensor([WINDOWS * TOKENS, CHANNELS], seed));
  const temperature = randomTensor([HEADS, 1, 1], 6);
  const made = await runBlock(
    ANY,
    (layers) => {
      const shape = { heads: HEADS, tokens: TOKENS, temperature: 'temperature', across };
      return attendChannels(layers, tokens(layers, q!), tokens(layers, k!), tokens(layers, v!), shape);
    },
    { temperature },
  );
  for (let row = 0; row < WINDOWS * TOKENS; row++) {
    const [window, token] = [Math.floor(row / TOKENS), row % TOKENS];
    const rows = across
      ? Array.from({ length: WINDOWS }, (_, other) => other * TOKENS + token)
      : Array.from({ length: TOKENS }, (_, other) => window * TOKENS + other);
    const unit = (of: Tensor, channel: number) => {
      const column = rows.map((other) => at(of, other, channel));
      const length = Math.hypot(...column);
      return column.map((value) => value / length);
    };
    for (let channel = 0; channel < CHANNELS; channel++) {
      const head = Math.floor(channel / WIDTH);
      const others = Array.from({ length: WIDTH }, (_, index) => head * WIDTH + index);
      const alike = others.map((other) => {
        const [one, two] = [unit(q!, channel), unit(k!, other)];
        return one.reduce((sum, value, index) => sum + value * two[index]!, 0) * temperature.data[head]!;
      });
      const expected = softmax(alike).reduce((sum, weight, index) => sum + weight * at(v!, row, others[index]!), 0);
      expect(made.data[row * CHANNELS + channel]).toBeCloseTo(expected, 5);
    }
  }
});

it('channels that are nothing but zeros give no NaN', async () => {
  const zeros = { shape: [TOKENS, CHANNELS], data: new Float32Array(TOKENS * CHANNELS) };
  const made = await runBlock(
    ANY,
    (layers) => {
      const rows = tokens(layers, zeros);
      return attendChannels(layers, rows, rows, rows, { heads: HEADS, tokens: TOKENS, temperature: 't' });
    },
    { t: randomTensor([HEADS, 1, 1], 6) },
  );
  expect([...made.data]).toEqual(new Array(TOKENS * CHANNELS).fill(0));
});

it.each<[string, number, number, number]>([
  ['pairs', 2, 3, 1],
  ['pairs', 2, 3, 2],
  ['runs', 14, 15, 1],
  ['runs', 12, 10, 2],
])('%s at one offset share a bias: %dx%d keys of %d places either way', async (kind, height, width, placesPerKey) => {
  const table = randomTensor([(2 * height - 1) * (2 * width - 1), HEADS], 7);
  const keys = height * width;
  const shape = { heads: HEADS, tokens: keys * placesPerKey ** 2, keys };
  const index = relativeIndex(height, width, placesPerKey);
  expect(index.kind).toBe(kind);
  const made = await runBlock(ANY, (layers) => ({
    step: relativeBias(layers, layers.step('Identity', [table]), index, shape),
  }));
  expect(made.shape).toEqual([HEADS, shape.tokens, keys]);
  const columns = width * placesPerKey;
  const expected = new Float32Array(HEADS * shape.tokens * keys);
  for (let head = 0; head < HEADS; head++) {
    for (let query = 0; query < shape.tokens; query++) {
      for (let key = 0; key < keys; key++) {
        const dy = Math.floor(Math.floor(query / columns) / placesPerKey) - Math.floor(key / width);
        const dx = Math.floor((query % columns) / placesPerKey) - (key % width);
        const row = (dy + height - 1) * (2 * width - 1) + dx + width - 1;
        expected[(head * shape.tokens + query) * keys + key] = at(table, row, head);
      }
    }
  }
  expect(made.data).toEqual(expected);
});
