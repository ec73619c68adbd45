import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { colourMarks, decodeRgb, ffmpeg, frameTimes, pattern, temporaryFolder, videoOf } from '../../support/clips.ts';
import { nearestUpscaler } from '../../support/nearest-upscaler.ts';
import { upscaleClip } from '../../support/upscale-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const LOSSLESS = { encoder: 'ffv1' } as const;

/** Four flat 16x16 patches, inside the gamut of every matrix; only their middles are compared. */
const PATCHES = ['c04030', '30a050', '4050b0', 'c8c0a0'];

describe('colour', () => {
  test.each([
    ['BT.601, limited', 'smpte170m', 'tv', 'bt601'],
    ['BT.709, limited', 'bt709', 'tv', 'bt709'],
    ['BT.709, full range', 'bt709', 'pc', 'bt709'],
    ['BT.601, full range', 'bt470bg', 'pc', 'bt601'],
    ['BT.2020, limited', 'bt2020nc', 'tv', 'bt2020'],
  ])('flat patches of %s survive within a level, with their tags', async (name, tag, range, matrix) => {
    const source = at(`${name}.mkv`);
    makePatches(source, 'yuv420p', matrix, range, colourMarks({ matrix: tag, range }));
    await upscaleClip(source, `${source}.mkv`, { settings: LOSSLESS });
    const convert = toRgb(matrix, range);
    const before = patchesOf(decodeRgb(source, '-vf', convert), 64, 16);
    const after = patchesOf(decodeRgb(`${source}.mkv`, '-vf', convert), 128, 32);
    expect(largestDifference(before, PATCHES.map(parseHex))).toBeLessThanOrEqual(3);
    expect(largestDifference(before, after)).toBeLessThanOrEqual(1);
    expect(videoOf(`${source}.mkv`)).toMatchObject({ color_space: tag, color_range: range });
  });

  test('an untagged small clip is marked with the matrix it was taken for, also when it becomes large', async () => {
    makePatches(at('untagged.mkv'), 'yuv420p', 'bt601', 'tv', colourMarks({}));
    expect(videoOf(at('untagged.mkv')).color_space).toBeUndefined();
    await upscaleClip(at('untagged.mkv'), at('untagged-out.mp4'), { upscaler: nearestUpscaler(24) });
    expect(videoOf(at('untagged-out.mp4'))).toMatchObject({ width: 1536, color_space: 'smpte170m', color_range: 'tv' });
  });

  test('all five tags of an HDR source are kept, in 10 bits', async () => {
    const marks = colourMarks({ matrix: 'bt2020nc', range: 'tv', primaries: 'bt2020', transfer: 'arib-std-b67' });
    const coded = ['-pix_fmt', 'yuv420p10le', '-c:v', 'libx265', '-x265-params', 'log-level=none:chromaloc=2'];
    ffmpeg(...pattern(0.4), '-vf', marks.filter, ...coded, ...marks.options, at('hlg.mp4'));
    await upscaleClip(at('hlg.mp4'), at('hlg-out.mp4'));
    expect(videoOf(at('hlg-out.mp4'))).toMatchObject({
      codec_name: 'hevc',
      pix_fmt: 'yuv420p10le',
      color_space: 'bt2020nc',
      color_primaries: 'bt2020',
      color_transfer: 'arib-std-b67',
      color_range: 'tv',
      chroma_location: 'topleft',
    });
  });

  test.each([
    ['center', 1, 'libx264'],
    ['topleft', 2, 'libx265'],
    ['top', 3, 'ffv1'],
  ] as const)('chroma that lies %s is marked as such', async (location, type, encoder) => {
    const place = ['-bsf:v', `h264_metadata=chroma_sample_loc_type=${type}`];
    ffmpeg(...pattern(0.4), '-c:v', 'libx264', '-pix_fmt', 'yuv420p', ...place, at(`${location}.mp4`));
    await upscaleClip(at(`${location}.mp4`), at(`${location}-out.mkv`), { settings: { encoder } });
    expect(videoOf(at(`${location}-out.mkv`)).chroma_location).toBe(location);
  });

  test('a ramp of 10 bits keeps its steps', async () => {
    // 64 columns, one level of 10 bits apart: 8 bits would merge every four.
    const ramp = [
      '-f',
      'lavfi',
      '-i',
      'nullsrc=size=64x16:rate=5:duration=0.4,format=yuv420p10le,geq=lum=400+X:cb=512:cr=512',
    ];
    ffmpeg(...ramp, '-c:v', 'ffv1', at('ramp.mkv'));
    await upscaleClip(at('ramp.mkv'), at('ramp-out.mkv'), { settings: LOSSLESS });
    const row = ffmpeg(
      '-i',
      at('ramp-out.mkv'),
      '-frames:v',
      '1',
      '-vf',
      'format=yuv420p10le,extractplanes=y',
      '-f',
      'rawvideo',
      '-',
    );
    const levels = Array.from({ length: 128 }, (_, x) => row.readUInt16LE(2 * x));
    for (const [x, level] of levels.entries())
      expect(Math.abs(level - (400 + Math.floor(x / 2)))).toBeLessThanOrEqual(1);
  });
});

describe('geometry', () => {
  test('the shape of a pixel is kept', async () => {
    ffmpeg(...pattern(0.4), '-vf', 'setsar=128/117:max=1000', '-c:v', 'libx264', at('sar.mp4'));
    await upscaleClip(at('sar.mp4'), at('sar-out.mkv'));
    expect(videoOf(at('sar-out.mkv')).sample_aspect_ratio).toBe('128:117');
  });

  test('rotation is applied to the picture and no longer asked of the player', async () => {
    ffmpeg(...pattern(0.4), '-vf', 'setsar=2/1', '-c:v', 'libx264', '-qp', '0', at('upright.mp4'));
    writeFileSync(at('turned.mp4'), turnedOnShow(readFileSync(at('upright.mp4'))));
    await upscaleClip(at('turned.mp4'), at('turned-out.mkv'), { settings: LOSSLESS });
    expect(videoOf(at('turned-out.mkv'))).toMatchObject({ width: 96, height: 128, sample_aspect_ratio: '1:2' });
    expect(videoOf(at('turned-out.mkv')).side_data_list ?? []).toEqual([]);
    // The reference enlarges before it converts to RGB, so edges of colours differ a little.
    const reference = (...filters: string[]) =>
      decodeRgb(at('turned.mp4'), '-vf', ['scale=96:128:flags=neighbor', ...filters].join(','));
    const turned = decodeRgb(at('turned-out.mkv'));
    expect(meanDifference(turned, reference())).toBeLessThan(8);
    expect(meanDifference(turned, reference('hflip', 'vflip'))).toBeGreaterThan(40);
  });

  test('an odd size stays odd where the encoder can store it', async () => {
    ffmpeg(...pattern(0.4), '-vf', 'format=yuv444p,crop=33:21', '-c:v', 'libx264', at('odd.mp4'));
    await upscaleClip(at('odd.mp4'), at('odd-out.mkv'), { settings: LOSSLESS, upscaler: nearestUpscaler(3) });
    expect(videoOf(at('odd-out.mkv'))).toMatchObject({ width: 99, height: 63 });
  });

  test('an odd size is filled up with its own last column and row where it must be even', async () => {
    ffmpeg(
      '-f',
      'lavfi',
      '-i',
      'color=white:size=64x48:rate=5:duration=0.4,format=yuv444p,crop=33:21',
      '-pix_fmt',
      'yuv444p',
      '-c:v',
      'libx264',
      at('white.mp4'),
    );
    await upscaleClip(at('white.mp4'), at('white-out.mp4'), { upscaler: nearestUpscaler(3) });
    expect(videoOf(at('white-out.mp4'))).toMatchObject({ width: 100, height: 64 });
    expect(Math.min(...decodeRgb(at('white-out.mp4')))).toBeGreaterThan(245);
  });

  test.each([1, 2, 5])('a clip of %ix1 pixels goes through', async (width) => {
    ffmpeg(
      '-f',
      'lavfi',
      '-i',
      'testsrc2=size=8x8:rate=5:duration=0.6',
      '-vf',
      `format=yuv444p,crop=${width}:1:0:0`,
      '-c:v',
      'ffv1',
      at(`tiny-${width}.mkv`),
    );
    await upscaleClip(at(`tiny-${width}.mkv`), at(`tiny-${width}-out.mp4`));
    expect(videoOf(at(`tiny-${width}-out.mp4`))).toMatchObject({ width: 2 * width, height: 2 });
    expect(frameTimes(at(`tiny-${width}-out.mp4`))).toHaveLength(3);
  });

  test('another size than the network’s is reached by resampling', async () => {
    ffmpeg(...pattern(0.4), '-c:v', 'libx264', at('plain.mp4'));
    const sizes = [
      [
        { kind: 'scale', scale: 3 },
        { width: 192, height: 144 },
      ],
      [
        { kind: 'fit', width: 100, height: 1000 },
        { width: 100, height: 76 },
      ],
    ] as const;
    for (const [index, [target, expected]] of sizes.entries()) {
      await upscaleClip(at('plain.mp4'), at(`sized-${index}.mp4`), { settings: { target } });
      expect(videoOf(at(`sized-${index}.mp4`))).toMatchObject(expected);
    }
  });
});

describe('encoders', () => {
  test.each([
    ['libx264', 'mkv', 'h264'],
    ['libx265', 'mp4', 'hevc'],
    ['libsvtav1', 'mp4', 'av1'],
    ['libaom-av1', 'webm', 'av1'],
    ['libvpx-vp9', 'webm', 'vp9'],
    ['prores_ks', 'mov', 'prores'],
    ['ffv1', 'mkv', 'ffv1'],
  ] as const)('%s writes .%s, every frame at its time', async (encoder, extension, codec) => {
    const source = at('moving.mkv');
    ffmpeg(...pattern(0.8), '-c:v', 'libx264', '-bf', '2', source);
    const output = at(`moving-${encoder}.${extension}`);
    await upscaleClip(source, output, { settings: { encoder } });
    expect(videoOf(output).codec_name).toBe(codec);
    const times = frameTimes(output);
    expect(times).toHaveLength(20);
    for (const [index, time] of frameTimes(source).entries())
      expect(Math.abs((times[index] ?? Number.NaN) - time)).toBeLessThanOrEqual(0.001);
    const expected = decodeRgb(source, '-vf', 'scale=128:96:flags=neighbor');
    expect(meanDifference(decodeRgb(output), expected)).toBeLessThan(8);
  });
});

/** An MP4 that asks players to turn its first track by a quarter: no option of ffmpeg says that to all its versions. */
function turnedOnShow(mp4: Buffer): Buffer {
  const header = mp4.indexOf('tkhd');
  const matrix = [0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000];
  for (const [index, value] of matrix.entries()) mp4.writeInt32BE(value, header + 44 + 4 * index);
  return mp4;
}

function makePatches(
  file: string,
  pixelFormat: string,
  matrix: string,
  range: string,
  marks: ReturnType<typeof colourMarks>,
): void {
  const inputs = PATCHES.flatMap((colour) => [
    '-f',
    'lavfi',
    '-i',
    `color=0x${colour}:size=16x16:rate=5:duration=0.6,format=rgb24`,
  ]);
  const toYuv = `scale=in_range=pc:out_color_matrix=${matrix}:out_range=${range}:flags=accurate_rnd+full_chroma_inp,format=${pixelFormat}`;
  ffmpeg(
    ...inputs,
    '-filter_complex',
    `[0][1][2][3]hstack=inputs=4,${toYuv},${marks.filter}`,
    '-c:v',
    'ffv1',
    ...marks.options,
    file,
  );
}

function toRgb(matrix: string, range: string): string {
  return `scale=in_color_matrix=${matrix}:in_range=${range}:flags=accurate_rnd+full_chroma_int,format=rgb24`;
}

function parseHex(colour: string): number[] {
  return [...Buffer.from(colour, 'hex')];
}

/** RGB of the middle of each patch in the first frame. */
function patchesOf(rgb: Buffer, width: number, patch: number): number[][] {
  return PATCHES.map((_, index) => {
    const offset = 3 * ((patch / 2) * width + index * patch + patch / 2);
    return [...rgb.subarray(offset, offset + 3)];
  });
}

function largestDifference(left: readonly number[][], right: readonly number[][]): number {
  return Math.max(
    ...left.flatMap((patch, index) =>
      patch.map((value, channel) => Math.abs(value - (right[index]?.[channel] ?? -999))),
    ),
  );
}

function meanDifference(left: Buffer, right: Buffer): number {
  expect(left.length).toBe(right.length);
  let sum = 0;
  for (const [index, value] of left.entries()) sum += Math.abs(value - (right[index] ?? 0));
  return sum / left.length;
}
