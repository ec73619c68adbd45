import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { colourMarks, decodeRgb, ffmpeg, frameTimes, pattern, temporaryFolder, videoOf } from '../support/clips.ts';
import { upscaleClip } from '../support/upscale-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

/** Colour that moves, and an alpha that rises from left to right. */
function makeClear(file: string, pixelFormat: string, codec: string[]): void {
  const alpha = 'nullsrc=size=64x48:rate=25:duration=0.4,format=gray,geq=lum=X*4';
  const merge = `[0]format=rgba[a];[a][1]alphamerge,format=${pixelFormat}`;
  ffmpeg(...pattern(0.4), '-f', 'lavfi', '-i', alpha, '-filter_complex', merge, ...codec, file);
}

/** Alpha of the first frame's first row, in levels of 255. */
function alphaRow(file: string, width: number, decoder: string[] = []): number[] {
  const raw = ffmpeg(
    ...decoder,
    '-i',
    file,
    '-frames:v',
    '1',
    '-vf',
    'alphaextract,format=gray',
    '-f',
    'rawvideo',
    '-',
  );
  return [...raw.subarray(0, width)];
}

describe('transparency', () => {
  test.each([
    ['VP9', 'webm', 'yuva420p', ['-c:v', 'libvpx-vp9', '-crf', '10', '-b:v', '0'], 'webm', ['-c:v', 'libvpx-vp9']],
    ['ProRes 4444', 'mov', 'yuva444p10le', ['-c:v', 'prores_ks', '-profile:v', '4444'], 'mov', []],
    ['FFV1', 'mkv', 'yuva420p', ['-c:v', 'ffv1'], 'mkv', ['-c:v', 'libvpx-vp9']],
  ] as const)('of %s goes through the network and comes out', async (_, from, pixelFormat, codec, to, decoder) => {
    const source = at(`clear.${from}`);
    makeClear(source, pixelFormat, [...codec]);
    const output = at(`clear-out.${to}`);
    const { warnings } = await upscaleClip(source, output, { settings: { alpha: 'keep', quality: 95 } });
    expect(warnings.filter(({ code }) => code === 'alpha-dropped')).toEqual([]);
    expect(frameTimes(output)).toHaveLength(10);
    const row = alphaRow(output, 128, [...decoder]);
    for (const x of [10, 40, 90, 120]) expect(Math.abs(row[x]! - 4 * Math.floor(x / 2))).toBeLessThanOrEqual(12);
    const colour = decodeRgb(output, '-frames:v', '1', '-vf', 'scale=64:48');
    expect(meanDifference(colour, decodeRgb(source, '-frames:v', '1'))).toBeLessThan(8);
  });

  test('is left out with a hint unless asked for', async () => {
    makeClear(at('dropped.mov'), 'yuva444p10le', ['-c:v', 'prores_ks', '-profile:v', '4444']);
    const { warnings } = await upscaleClip(at('dropped.mov'), at('dropped.mp4'));
    expect(warnings.find(({ code }) => code === 'alpha-dropped')?.message).toContain('--alpha keep');
  });

  test('asked for in a container that has none is refused, with what has', async () => {
    await expect(upscaleClip(at('dropped.mov'), at('none.mp4'), { settings: { alpha: 'keep' } })).rejects.toMatchObject(
      { code: 'usage', hint: expect.stringContaining('.mkv') },
    );
  });
});

describe('samples of the result', () => {
  test.each([
    ['libx264', 'mp4', { chroma: '444' }, 'yuv444p'],
    ['libx265', 'mkv', { chroma: '422', depth: '10' }, 'yuv422p10le'],
    ['libvpx-vp9', 'webm', { chroma: '444', depth: '10' }, 'yuv444p10le'],
    ['prores_ks', 'mov', { chroma: '444' }, /^yuv444p1[02]le$/],
  ] as const)('%s in .%s with %j', async (encoder, extension, kind, expected) => {
    ffmpeg(...pattern(0.2), '-pix_fmt', 'yuv444p', '-c:v', 'ffv1', at('full.mkv'));
    await upscaleClip(at('full.mkv'), at(`kind-${encoder}.${extension}`), { settings: { encoder, ...kind } });
    expect(videoOf(at(`kind-${encoder}.${extension}`)).pix_fmt).toMatch(expected);
  });

  test.each(['yuv444p', 'yuv422p'])('colour of %s lies where it was', async (pixelFormat) => {
    // Rows of colour at constant luma: half a line of displacement shows.
    const cells =
      'nullsrc=size=64x48:rate=5:duration=0.4,format=yuv444p,geq=lum=120:cb=90+40*mod(floor(Y/3)\\,2):cr=150';
    const marks = colourMarks({ matrix: 'bt709', range: 'tv' });
    const coded = ['-vf', `format=${pixelFormat},${marks.filter}`, '-c:v', 'ffv1', ...marks.options];
    ffmpeg('-f', 'lavfi', '-i', cells, ...coded, at(`${pixelFormat}.mkv`));
    await upscaleClip(at(`${pixelFormat}.mkv`), at(`${pixelFormat}-out.mkv`), { settings: { encoder: 'ffv1' } });
    const chroma = (file: string, ...filters: string[]) =>
      ffmpeg('-i', file, '-frames:v', '1', '-vf', [...filters, 'extractplanes=u'].join(','), '-f', 'rawvideo', '-');
    const plane = chroma(at(`${pixelFormat}.mkv`), 'scale=iw*2:ih*2:flags=neighbor', `format=${pixelFormat}`);
    expect(meanDifference(chroma(at(`${pixelFormat}-out.mkv`)), plane)).toBeLessThan(1);
  });

  test('ten bits of an eight-bit source have steps between its steps', async () => {
    // A slow ramp that must be scaled to another size: 8 bits would give flat bands.
    const ramp = 'nullsrc=size=64x16:rate=5:duration=0.4,format=yuv420p,geq=lum=100+X/8:cb=128:cr=128';
    ffmpeg('-f', 'lavfi', '-i', ramp, '-c:v', 'ffv1', at('slow.mkv'));
    const target = { kind: 'scale', scale: 4 } as const;
    await upscaleClip(at('slow.mkv'), at('slow-out.mkv'), { settings: { encoder: 'ffv1', depth: '10', target } });
    const raw = ffmpeg(
      '-i',
      at('slow-out.mkv'),
      '-frames:v',
      '1',
      '-vf',
      'extractplanes=y,format=gray10le',
      '-f',
      'rawvideo',
      '-',
    );
    const row = Array.from({ length: 256 }, (_, x) => raw.readUInt16LE(2 * x));
    expect(new Set(row).size).toBeGreaterThan(16);
  });

  test.each([
    ['libx264', 'mkv'],
    ['libx265', 'mkv'],
    ['libvpx-vp9', 'webm'],
    ['libaom-av1', 'mkv'],
  ] as const)('%s without loss has every sample of FFV1', async (encoder, extension) => {
    ffmpeg(...pattern(0.2), '-pix_fmt', 'yuv420p', '-c:v', 'ffv1', at('exact.mkv'));
    const output = at(`exact-${encoder}.${extension}`);
    await upscaleClip(at('exact.mkv'), output, { settings: { encoder, lossless: true } });
    await upscaleClip(at('exact.mkv'), at('exact-ffv1.mkv'), { settings: { encoder: 'ffv1', overwrite: true } });
    const samples = (file: string) =>
      ffmpeg('-i', file, '-map', '0:v', '-pix_fmt', 'yuv420p', '-f', 'md5', '-').toString();
    expect(samples(output)).toBe(samples(at('exact-ffv1.mkv')));
  });

  test('without loss is refused where the encoder cannot', async () => {
    const settings = { encoder: 'libsvtav1', lossless: true } as const;
    await expect(upscaleClip(at('exact.mkv'), at('none.mkv'), { settings })).rejects.toMatchObject({
      code: 'usage',
      hint: expect.stringContaining('ffv1'),
    });
  });
});

describe('an encoder', () => {
  test('of hardware that is not there is replaced, and it is said before the work', async () => {
    ffmpeg(...pattern(0.2, { size: '160x120' }), '-c:v', 'libx264', at('plain.mp4'));
    const { events, warnings } = await upscaleClip(at('plain.mp4'), at('nvenc.mp4'), {
      settings: { encoder: 'h264_nvenc' },
    });
    const kinds = events.map((event) => (event.type === 'warning' ? event.code : event.type));
    const replaced = warnings.find(({ code }) => code === 'encoder-replaced');
    // On a machine that has it, it is used.
    if (replaced !== undefined) {
      expect(replaced.message).toMatch(/libx264 is used instead/);
      expect(kinds.indexOf('encoder-replaced')).toBeLessThan(kinds.indexOf('progress'));
    }
    expect(videoOf(at('nvenc.mp4')).codec_name).toBe('h264');
  });

  test('takes its allowed options', async () => {
    const settings = { encoder: 'libx264', encoderOptions: { g: '3', preset: 'ultrafast', 'aq-mode': '0' } } as const;
    await upscaleClip(at('plain.mp4'), at('keys.mp4'), { settings });
    const flags = ffmpeg('-i', at('keys.mp4'), '-c', 'copy', '-f', 'framecrc', '-').toString();
    const isKey = flags
      .split('\n')
      .filter((line) => /^0,/.test(line))
      .map((line) => !/F=0x0/.test(line));
    expect(isKey).toEqual([true, false, false, true, false]);
  });

  test.each([
    [{ stats: 'x' }, /cannot set "stats"/],
    [{ 'aq-mode': '1:stats=file' }, /cannot be "1:stats=file"/],
    [{ preset: 'no-such' }, /refuses frames/],
  ] as const)('refuses the options %j before any work', async (encoderOptions, message) => {
    const work = upscaleClip(at('plain.mp4'), at('none.mp4'), { settings: { encoder: 'libx264', encoderOptions } });
    await expect(work).rejects.toMatchObject({ code: 'usage', message: expect.stringMatching(message) });
  });
});

function meanDifference(left: Buffer, right: Buffer): number {
  expect(left.length).toBe(right.length);
  let sum = 0;
  for (const [index, value] of left.entries()) sum += Math.abs(value - (right[index] ?? 0));
  return sum / left.length;
}
