import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { RandomLayers } from '../core/model/writers/random-networks.ts';
import { writeTorchZip } from '../core/model/writers/torch-writer.ts';
import { ffmpeg, H264, pattern, temporaryFolder } from '../support/clips.ts';
import { upreel } from '../support/command.ts';
import { MODEL_TEST_TIMEOUT, testModel } from '../support/models.ts';

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  await testModel('realesr-general-x4v3');
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
  const picture = sharp({ create: { width: 48, height: 48, channels: 3, background: '#000', noise } });
  const png = await picture.png().toBuffer();
  await writeFile(at('good.png'), png);
  await writeFile(at('cut.png'), png.subarray(0, png.length / 2));
  await writeFile(at('empty.png'), '');
  await writeFile(at('empty.mp4'), '');
  await writeFile(at('text.png'), 'not a picture\n');
  await writeFile(at('text.mp4'), 'not a film\n');
  ffmpeg(...pattern(2), ...H264, at('good.mkv'));
  const mkv = await readFile(at('good.mkv'));
  await writeFile(at('cut.mkv'), mkv.subarray(0, mkv.length * 0.6));
  await mkdir(at('folder'));
  await writeFile(at('omni.pth'), omniSrCheckpoint());
}, MODEL_TEST_TIMEOUT);

describe('bad input', () => {
  test.each([
    ['a file that is not there', 'missing.png', 3, /does not exist/],
    ['a video that is not there', 'missing.mp4', 3, /does not exist/],
    ['an empty picture', 'empty.png', 3, /empty \(0 bytes\)/],
    ['an empty video', 'empty.mp4', 3, /empty \(0 bytes\)/],
    ['a text named .png', 'text.png', 3, /text file/],
    ['a text named .mp4', 'text.mp4', 3, /not a video/],
    ['half a picture', 'cut.png', 3, /damaged/],
    ['half a video', 'cut.mkv', 3, /damaged|cut off|ends/],
    ['a folder without pictures', 'folder', 2, /no picture or video/],
  ])('%s is one sentence, a hint and exit code, and leaves no file', async (_, name, code, words) => {
    await expectRefusal([at(name)], code, words);
  });

  test('an unknown model names its neighbours', async () => {
    await expectRefusal(
      [at('good.png'), '-m', 'realesr-general-x4'],
      5,
      /no model "realesr-general-x4"[\s\S]*realesr-general-x4v3/,
    );
  });

  test('a checkpoint of a network that upreel does not run is named', async () => {
    await expectRefusal([at('good.png'), '-m', at('omni.pth')], 5, /OmniSR/);
  });

  test.each(['missing.png', 'missing.mp4', 'empty.png'])('nothing is fetched for %s', async (name) => {
    const cache = at('no-cache');
    const { code, err } = await upreel([at(name), '--no-tui'], { UPREEL_CACHE: cache });
    expect({ code, err }).toMatchObject({ code: 3, err: expect.stringMatching(/does not exist|is empty/) });
    expect(err).not.toContain('fetch');
    expect(existsSync(cache)).toBe(false);
  });

  test.each([
    [{ FFMPEG_PATH: at('nowhere/ffmpeg') }, /Cannot start .*nowhere.ffmpeg/],
    [{ FFPROBE_PATH: at('nowhere/ffprobe') }, /Cannot start .*nowhere.ffprobe/],
    [{ PATH: '/nowhere' }, /Cannot start ffmpeg/],
  ])('without ffmpeg or ffprobe a film is no job: %j', async (env, message) => {
    const { code, err } = await upreel([at('good.mkv'), '-o', at('none.mkv'), '--device', 'cpu'], env);
    expect([code, err]).toEqual([1, expect.stringMatching(message)]);
    expect(err).toContain('apt install ffmpeg');
    expect(existsSync(at('none.mkv.upreel'))).toBe(false);
  });

  test('a flag with a wrong value is named, with what it takes', async () => {
    await expectRefusal([at('good.png'), '--tile', 'abc'], 2, /--tile[\s\S]*abc[\s\S]*number/);
    await expectRefusal([at('good.png'), '--tile', '0'], 2, /--tile cannot be 0/);
    await expectRefusal([at('good.png'), '--size', '5'], 2, /--size[\s\S]*1920x1080/);
    await expectRefusal([at('good.png'), '--device', 'gpu'], 2, /--device[\s\S]*auto/);
    await expectRefusal([at('good.png'), '--scael', '2'], 2, /unknown option '--scael'[\s\S]*--scale/);
  });

  test('an output that cannot be written is told before the work', async () => {
    await expectRefusal([at('good.png'), '-o', at('no/such/folder.png')], 1, /folder/);
    await expectRefusal([at('good.png'), '-o', at('good.xyz')], 2, /\.xyz/);
    await expectRefusal([at('good.mkv'), '-o', at('good.xyz')], 2, /\.xyz/);
  });

  test('with --json the last record is the exit, with code and error, also for a wrong flag', async () => {
    const missing = await upreel([at('missing.png'), '--json']);
    expect(missing.records.at(-1)).toMatchObject({ v: 1, type: 'exit', code: 3, error: { code: 'input-missing' } });
    const flag = await upreel([at('good.png'), '--json', '--nonsense']);
    expect(flag.code).toBe(2);
    expect(flag.records.at(-1)).toMatchObject({ v: 1, type: 'exit', code: 2, error: { code: 'usage' } });
  });
});

async function expectRefusal(args: readonly string[], code: number, words: RegExp): Promise<void> {
  const before = (await readdir(folder)).sort();
  const { code: actual, err, out } = await upreel([...args, '--no-tui']);
  expect({ code: actual, err }).toMatchObject({ code, err: expect.stringMatching(words) });
  expect(err).not.toMatch(/^\s+at .*:\d+/m);
  expect(out).toBe('');
  expect((await readdir(folder)).sort()).toEqual(before);
}

/** A real .pth by its form, with the keys of a network of another family. */
function omniSrCheckpoint(): Uint8Array {
  const layers = new RandomLayers(1);
  layers.conv('residual_layer.0.residual_layer.0.layer.0.fn.0', 3, 3, 3, false);
  return writeTorchZip(layers.weights);
}
