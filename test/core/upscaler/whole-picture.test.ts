import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildFromWeights } from '../../../src/core/model/architecture/detect.ts';
import { readCheckpoint } from '../../../src/core/model/checkpoint/read-checkpoint.ts';
import { describeNetwork } from '../../../src/core/model/import/import-network.ts';
import { cutNotice } from '../../../src/core/upscaler/cut-notice.ts';
import { AUTOMATIC_NETWORK } from '../../../src/core/upscaler/network-settings.ts';
import type { UpscalerOptions } from '../../../src/core/upscaler/open-upscaler.ts';
import { fromDist } from '../../support/dist.ts';
import { modelOf } from '../../support/random-model.ts';
import { maxDifference, RGB8, testPicture } from '../../support/rasters.ts';
import { PAPER_NETWORKS } from '../model/paper-facts.ts';
import { SMALL_NETWORKS } from '../model/small-networks.ts';
import { randomOmnisr } from '../model/writers/random-omnisr.ts';
import { writeSafetensors } from '../model/writers/safetensors-writer.ts';

const { openUpscaler } = await fromDist<typeof import('../../../src/core/upscaler/open-upscaler.ts')>(
  'core/upscaler/open-upscaler.js',
);
const { fitUpscalerOptions } =
  await fromDist<typeof import('../../../src/core/upscaler/fit-options.ts')>('core/upscaler/fit-options.js');

describe('a network says whether it takes in the whole picture', () => {
  /** By means, norms or attention; the others only look far. */
  const ALL = [
    ...['dat', 'rgt', 'hat', 'atd', 'omnisr', 'craft', 'fdat', 'plksr', 'real-cugan'],
    ...['seemore', 'mm-realsr', 'nafnet', 'fbcnn'],
  ];
  test.each(SMALL_NETWORKS)('%s', (name, { weights, integers }) => {
    const built = buildFromWeights(readCheckpoint(writeSafetensors(weights, 'float32', integers)), name);
    expect(describeNetwork(built, name).descriptor.seesAll).toBe(ALL.includes(name));
  });

  const PAPERS = ['rcan', 'imdn', 'rfdn', 'rfdn-of-255', 'rlfn', 'dipnet', 'twtygqyyInstance'];
  test.each(PAPER_NETWORKS.map(({ file, weights }) => [file, weights] as const))('%s', (file, weights) => {
    const built = buildFromWeights(readCheckpoint(writeSafetensors(new Map(weights))), file);
    expect(describeNetwork(built, file).descriptor.seesAll).toBe(PAPERS.some((name) => file.startsWith(name)));
  });
});

describe('a picture of a network that takes in the whole', () => {
  let network: Awaited<ReturnType<typeof modelOf>>;
  const previousCache = process.env.UPREEL_CACHE;
  beforeAll(async () => {
    const { weights } = randomOmnisr({ features: 16, groups: 1, blocks: 1, window: 4, scale: 2 }, 1);
    network = await modelOf(weights);
    process.env.UPREEL_CACHE = network.path.replace(/[^/\\]+$/, 'cache');
  });
  afterAll(async () => {
    if (previousCache === undefined) delete process.env.UPREEL_CACHE;
    else process.env.UPREEL_CACHE = previousCache;
    await network.dispose();
  });

  const SMALL: UpscalerOptions = {
    ...{ device: 'cpu', tilePx: 16, haloPx: 8, featherPx: 2, sessions: 1, threadsPerSession: 1 },
    ...{ gpus: [], ensemble: false, rerunBlank: true },
  };
  const WHOLE = { mostPixels: 80 * 24, openingBytes: 0, fixedBytes: 1e8, bytesPerPixel: 1e4 };
  const picture = testPicture(80, 24, RGB8);

  async function run(options: UpscalerOptions) {
    const told: string[] = [];
    const upscaler = openUpscaler(network.model, options, (message) => told.push(message));
    const results = [await upscaler.upscale(picture), await upscaler.upscale(picture)];
    await upscaler.close();
    return { tiles: upscaler.countTiles(picture), result: results[1]!, told };
  }

  test('is not cut where it has no more pixels than a window may have, however long it is', async () => {
    const uncut = await run({ ...SMALL, tilePx: 128 });
    expect(uncut).toMatchObject({ tiles: 1, told: [] });
    const long = await run({ ...SMALL, whole: WHOLE });
    expect(long).toMatchObject({ tiles: 1, told: [] });
    expect(maxDifference(long.result, uncut.result)).toBe(0);
    expect((await run({ ...SMALL, whole: { ...WHOLE, mostPixels: 80 * 24 - 1 } })).tiles).toBe(4);
  });

  test('is cut with a word, once', async () => {
    const { told } = await run({ ...SMALL, whole: { ...WHOLE, mostPixels: 100 } });
    expect(told).toEqual([
      expect.stringMatching(/^made-up takes in the whole picture, .* 80x24 .* 4 tiles.*--tile 80/),
    ]);
  });

  test('may have what memory allows: more for more', async () => {
    const wholeFor = async (memoryBytes: number) => {
      const own = { model: network.path, device: 'cpu', memoryBytes, sessions: 1, threads: 1 } as const;
      const context = { signal: new AbortController().signal, onWarning: () => undefined };
      const fitted = await fitUpscalerOptions({ ...AUTOMATIC_NETWORK, ...own }, network.model, 'stills', context);
      return fitted.whole!;
    };
    const [little, much] = [await wholeFor(5e8), await wholeFor(1e9)];
    expect(little.mostPixels).toBeGreaterThan(0);
    expect(much.mostPixels).toBeGreaterThan(1.5 * little.mostPixels);
    expect(little.fixedBytes + little.bytesPerPixel * little.mostPixels).toBeLessThanOrEqual(5e8);
  });
});

describe('the word about it', () => {
  const whole = { mostPixels: 1e5, openingBytes: 2e9, fixedBytes: 1e9, bytesPerPixel: 1e4 };
  const size = { width: 600, height: 500 };

  test.each([
    [
      'names the tile and what it takes',
      whole,
      8e9,
      '--tile 600 leaves it whole and takes about 4.0 GB; 8.0 GB are free.',
    ],
    [
      'names what it takes to open, where that is more',
      { ...whole, openingBytes: 5e9 },
      8e9,
      '--tile 600 leaves it whole and takes about 5.0 GB; 8.0 GB are free.',
    ],
    ['says that memory does not suffice', whole, 3e9, 'Whole, it would take about 4.0 GB, and 3.0 GB are free.'],
    ['names the tile where nothing was measured', null, 8e9, 'Where memory suffices, --tile 600 leaves it whole.'],
  ])('%s', (_what, measured, free, end) => {
    expect(cutNotice('net', size, 4, measured, free)).toBe(
      `net takes in the whole picture, and one of 600x500 pixels is cut into 4 tiles: colours and details may differ between them. ${end}`,
    );
  });
});
