import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readStateFile } from '../../src/bridge/index.ts';
import { randomCompact } from '../core/model/writers/random-networks.ts';
import { writeSafetensors } from '../core/model/writers/safetensors-writer.ts';
import { type GimpProfileFolder, openGimpProfile } from '../support/gimp-checks.ts';
import { reasonWithoutGimp, runUpreel } from '../support/gimp-tree.ts';
import { MODEL_TEST_TIMEOUT, testModel } from '../support/models.ts';

const MINUTES = 60_000;
const reason = reasonWithoutGimp();
const opened: GimpProfileFolder[] = [];

async function open(stateFile?: string): Promise<GimpProfileFolder> {
  const profile = await openGimpProfile(stateFile);
  opened.unshift(profile);
  return profile;
}

describe.skipIf(reason !== null)(`GIMP 3${reason === null ? '' : ` (skipped: ${reason})`}`, () => {
  beforeAll(() => testModel('realesr-animevideov3-x2'), MODEL_TEST_TIMEOUT);
  afterEach(async () => {
    for (const profile of opened.splice(0)) await profile.close();
  });

  test(
    'survives what can go wrong with the service, and its image too',
    async () => {
      const checks = await (await open()).run('faults');
      expect(checks.filter(({ ok }) => !ok)).toEqual([]);
      expect(checks.map(({ name }) => name)).toEqual([
        ...['small works', 'service killed', 'engine killed', 'wrong node', 'wrong command', 'no configuration'],
        ...['stale state file', 'state file of others', 'port taken over', 'busy', 'the end'],
      ]);
    },
    20 * MINUTES,
  );

  test(
    'may run twice at the same time',
    async () => {
      const first = await open();
      const second = await open(first.stateFile);
      const both = await Promise.all([first.run('pair'), second.run('pair')]);
      for (const checks of both) {
        expect(checks.filter(({ ok }) => !ok)).toEqual([]);
        expect(checks).toHaveLength(5);
      }
      expect(await readStateFile(first.stateFile)).not.toBeNull();
    },
    20 * MINUTES,
  );

  test(
    'upscales 4096x4096 to the pixels of the command, with memory for bands and not for pictures',
    async () => {
      const profile = await open();
      const models = join(profile.folder, 'models');
      await mkdir(models);
      await writeFile(join(models, 'made-up.safetensors'), writeSafetensors(randomCompact(4, 1, 2, 1)));
      const [picture, result] = ['large.png', 'result.png'].map((name) => join(profile.folder, name)) as [
        string,
        string,
      ];
      await writeLarge(picture);
      const env = { UPREEL_MODELS: models, UPREEL_CACHE: join(profile.folder, 'cache') };
      const [large] = await profile.run('large', { ...env, UPREEL_PICTURE: picture });
      const flags = ['-m', 'made-up', '--device', 'cpu', '--no-tui'];
      const { code, output } = await runUpreel([picture, '-o', result, ...flags], env);
      expect(code, output).toBe(0);
      const pixels = await sharp(result, { limitInputPixels: false }).raw().toBuffer();
      expect(large!.digest).toBe(createHash('sha256').update(pixels).digest('hex'));
      const peaks = large!.peaks as Record<string, number>;
      expect(Object.keys(peaks).sort()).toEqual(['GIMP', 'engine', 'plug-in', 'service']);
      // Megabytes. The picture has 48 and its result 192: the plug-in and the service hold neither.
      expect(peaks['plug-in']).toBeLessThan(400);
      expect(peaks.service).toBeLessThan(300);
      expect(peaks.engine).toBeLessThan(1000);
    },
    20 * MINUTES,
  );
});

async function writeLarge(path: string): Promise<void> {
  const [width, height] = [4096, 4096];
  const pixels = new Uint8Array(width * height * 3);
  for (let at = 0; at < pixels.length; at++) pixels[at] = ((at % (width * 3)) >> 5) + (at >> 17) * 3 + (at % 3) * 40;
  await sharp(pixels, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 1 })
    .toFile(path);
}
