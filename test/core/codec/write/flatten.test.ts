import { expect, test } from 'vitest';
import { decode, makeFolder, makeNoise, samplesOf, write } from '../pictures.ts';

const folder = makeFolder();

const cases = ([1, 3] as const).flatMap((channels) =>
  ([1, 2] as const).flatMap((bytes) =>
    ['#ffffff', '#000000', '#7f80ff', '#808080'].map((ground) => ({ channels, bytes, ground })),
  ),
);

test.each(cases)(
  '$ground behind a picture of $channels channels, $bytes bytes a sample, is exact to rounding',
  async ({ channels, bytes, ground }) => {
    const [top, unit] = bytes === 1 ? [255, 1] : [65_535, 257];
    const colour = makeNoise(33, 20, channels, bytes);
    const alpha = makeNoise(33, 20, 1, bytes);
    // Nothing, all, and half of it are among the alphas.
    const opacities = bytes === 1 ? alpha.data : new Uint16Array(alpha.data.buffer);
    opacities.set([0, top, (top + 1) / 2, 1, top - 1]);
    const path = folder.path(`${channels}-${bytes}-${ground.slice(1)}.png`);
    const pad = { x: -2, y: -3, width: 37, height: 26 };
    await write(path, colour, alpha, {
      flatten: ground,
      pages: [{ width: 33, height: 20, resizeTo: null, canvas: pad }],
    });
    const levels = [1, 3, 5].map((at) => Number.parseInt(ground.slice(at, at + 2), 16) * unit);
    const written = channels === 1 && new Set(levels).size === 1 ? 1 : 3;
    const [samples, opacity] = [samplesOf(colour), samplesOf(alpha)];
    const right = Array.from({ length: 37 * 26 * written }, (_, index) => {
      const [channel, x, y] = [
        index % written,
        (Math.floor(index / written) % 37) - 2,
        Math.floor(index / written / 37) - 3,
      ];
      if (x < 0 || y < 0 || x >= 33 || y >= 20) return levels[channel]!;
      const share = opacity[y * 33 + x]! / top;
      const own = samples[(y * 33 + x) * channels + (channels === 1 ? 0 : channel)]!;
      return Math.round(own * share + levels[channel]! * (1 - share));
    });
    const back = await decode(path);
    expect(back).toMatchObject({
      width: 37,
      height: 26,
      alpha: null,
      colour: { channels: written, bytesPerSample: bytes },
    });
    expect(samplesOf(back.colour)).toEqual(right);
  },
);

test.each([1, 2] as const)('borders around an opaque picture of %d bytes a sample have the colour', async (bytes) => {
  for (const channels of [1, 3] as const) {
    const path = folder.path(`opaque-${bytes}-${channels}.png`);
    const pages = [
      { width: 8, height: 8, resizeTo: { width: 6, height: 6 }, canvas: { x: 0, y: -1, width: 6, height: 8 } },
    ];
    await write(path, makeNoise(8, 8, channels, bytes), null, { flatten: '#7f80ff', pages });
    const samples = samplesOf((await decode(path)).colour);
    const border = [0x7f, 0x80, 0xff].map((level) => level * (bytes === 1 ? 1 : 257));
    expect([samples.slice(0, 3), samples.slice(-3)]).toEqual([border, border]);
  }
});
