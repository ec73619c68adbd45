import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { decodeRgb, ffmpeg, pattern, temporaryFolder, videoOf } from '../../support/clips.ts';
import { FULL, makeFrames, messages, twice } from '../../support/frame-files.ts';
import { upscaleClip } from '../../support/upscale-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

describe('frames of every kind', () => {
  test.each([
    ['png', 'rgb24', 8],
    ['png', 'rgb48be', 16],
    ['png', 'gray16be', 16],
    ['png', 'pal8', 8],
    ['png', 'monob', 8],
    ['tiff', 'rgb48le', 16],
    ['tif', 'gray', 8],
    ['dpx', 'rgb24', 8],
    ['dpx', 'gbrp10be', 16],
    ['dpx', 'gbrp12le', 16],
    ['exr', 'gbrapf32le', 16],
    ['exr', 'grayf32le', 16],
  ])('%s in %s come through the network sample for sample, in %i bits', async (extension, format, bits) => {
    const name = `${extension}-${format}`;
    const input = makeFrames(at(name), `f%03d.${extension}`, 3, ['-pix_fmt', format]);
    const output = join(at(`${name}-out`), '%03d.png');
    await upscaleClip(input, output, { settings: { reuse: false } });
    const pixels = bits === 8 ? 'rgb24' : 'rgb48be';
    expect(videoOf(join(at(`${name}-out`), '001.png'))).toMatchObject({ width: 92, height: 60, pix_fmt: pixels });
    const curve = extension === 'exr' ? ['-apply_trc', 'iec61966_2_1'] : [];
    const raw = ['-f', 'rawvideo', '-pix_fmt', pixels, '-'];
    const source = ffmpeg('-f', 'image2', ...curve, '-i', input, '-vf', FULL, ...raw);
    const result = ffmpeg('-f', 'image2', '-i', output, ...raw);
    expect(result.length).toBe(3 * 92 * 60 * (bits / 8) * 3);
    expect(result.equals(twice(source, 46, 30, (3 * bits) / 8))).toBe(true);
  });

  test.each(['half', 'float'])('linear light in EXR of %s becomes sRGB, and is cut off at 1', async (kind) => {
    const levels = [-1, 0, 0.0021, 0.18, 0.5, 1, 4];
    const planes = Buffer.alloc(3 * levels.length * 8 * 4);
    for (let at = 0; at < planes.length / 4; at++) planes.writeFloatLE(levels[Math.floor((at % 56) / 8)]!, 4 * at);
    writeFileSync(at(`levels-${kind}.raw`), planes);
    mkdirSync(at(`levels-${kind}`));
    const input = ['-f', 'rawvideo', '-pix_fmt', 'gbrpf32le', '-s', '8x7', '-i', at(`levels-${kind}.raw`)];
    ffmpeg(...input, '-format', kind, '-f', 'image2', join(at(`levels-${kind}`), '%d.exr'));
    const output = join(at(`levels-${kind}-out`), '%d.png');
    const { events } = await upscaleClip(join(at(`levels-${kind}`), '%d.exr'), output);
    const result = ffmpeg('-i', output.replace('%d', '1'), '-f', 'rawvideo', '-pix_fmt', 'rgb48be', '-');
    for (const [row, level] of levels.entries()) {
      const light = Math.min(1, Math.max(0, level));
      const expected = light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
      const sample = result.readUInt16BE(row * 2 * 16 * 6) / 65535;
      expect(Math.abs(sample - expected), `${level}`).toBeLessThan(kind === 'half' ? 0.0006 : 0.0001);
    }
    expect(messages(events, 'frames').join(' ')).toContain('linear light');
  });

  test('JPEG keeps its colours, and becomes a film of full range', async () => {
    const input = makeFrames(at('jpg'), '%02d.jpg', 4, ['-q:v', '2']);
    await upscaleClip(input, at('jpg.mkv'), { settings: { encoder: 'ffv1', chroma: '444', reuse: false } });
    expect(videoOf(at('jpg.mkv'))).toMatchObject({ color_range: 'pc', width: 92, height: 60, r_frame_rate: '24/1' });
    const before = twice(decodeRgb(at('jpg/01.jpg'), '-vf', FULL), 46, 30, 3);
    const after = decodeRgb(at('jpg.mkv'), '-frames:v', '1');
    const difference = before.reduce((sum, value, index) => sum + Math.abs(value - after[index]!), 0) / before.length;
    expect(difference).toBeLessThan(1);
  });

  test('YUV in TIFF is read by the range that it states', async () => {
    const input = makeFrames(at('tif-yuv'), '%d.tif', 2, ['-pix_fmt', 'yuv444p']);
    await upscaleClip(input, at('tif-yuv.mkv'), { settings: { encoder: 'ffv1', chroma: '444', reuse: false } });
    expect(videoOf(at('tif-yuv.mkv')).color_range).toBe('tv');
  });

  test.each([
    [2, 'hflip', 46, 30],
    [3, 'hflip,vflip', 46, 30],
    [6, 'transpose=clock', 30, 46],
    [7, 'transpose=clock_flip', 30, 46],
    [8, 'transpose=cclock', 30, 46],
  ] as const)('with the orientation %i come out upright', async (orientation, turn, width, height) => {
    const name = `turned-${orientation}`;
    makeFrames(at(name), '%d.png', 2, ['-pix_fmt', 'rgb24']);
    for (const number of [1, 2]) {
      await sharp(at(`${name}/${number}.png`))
        .withMetadata({ orientation })
        .tiff({ compression: 'lzw' })
        .toFile(at(`${name}/${number}.tif`));
    }
    await upscaleClip(at(`${name}/%d.tif`), at(`${name}-out/%d.png`), { settings: { reuse: false } });
    expect(videoOf(at(`${name}-out/1.png`))).toMatchObject({ width: 2 * width, height: 2 * height });
    const upright = decodeRgb(at(`${name}/1.png`), '-vf', turn);
    expect(decodeRgb(at(`${name}-out/1.png`)).equals(twice(upright, width, height, 3))).toBe(true);
  });

  test('with an orientation in EXIF come out upright', async () => {
    makeFrames(at('exif'), '%d.png', 1);
    await sharp(at('exif/1.png')).withMetadata({ orientation: 6 }).jpeg({ quality: 98 }).toFile(at('exif/1.jpg'));
    await upscaleClip(at('exif/%d.jpg'), at('exif-out/%d.png'), { settings: { reuse: false } });
    const upright = twice(decodeRgb(at('exif/1.png'), '-vf', 'transpose=clock'), 30, 46, 3);
    const result = decodeRgb(at('exif-out/1.png'));
    expect(result.length).toBe(upright.length);
    expect(
      result.reduce((sum, value, index) => sum + Math.abs(value - upright[index]!), 0) / result.length,
    ).toBeLessThan(8);
  });

  test('gray, palettes and RGB may stand among each other, and the most bits count', async () => {
    makeFrames(at('mixed'), '%d.png', 6, ['-pix_fmt', 'rgb24']);
    ffmpeg(...pattern(0.1, { size: '46x30', rate: '10' }), '-pix_fmt', 'gray', at('mixed/2.png'));
    ffmpeg(...pattern(0.1, { size: '46x30', rate: '10' }), '-pix_fmt', 'rgb48be', at('mixed/4.png'));
    ffmpeg(...pattern(0.1, { size: '46x30', rate: '10' }), '-pix_fmt', 'pal8', at('mixed/5.png'));
    ffmpeg(...pattern(0.1, { size: '46x30', rate: '10' }), '-pix_fmt', 'rgba', at('mixed/6.png'));
    const { framesTotal } = await upscaleClip(at('mixed/%d.png'), at('mixed-out/%d.png'), {
      settings: { reuse: false },
    });
    expect(framesTotal).toBe(6);
    for (const number of [1, 2, 3, 4, 5, 6]) {
      const raw = ['-vf', FULL, '-pix_fmt', 'rgb48be', '-f', 'rawvideo', '-'];
      const source = ffmpeg('-i', at(`mixed/${number}.png`), ...raw);
      const result = ffmpeg('-i', at(`mixed-out/${number}.png`), '-pix_fmt', 'rgb48be', '-f', 'rawvideo', '-');
      expect(result.equals(twice(source, 46, 30, 6)), `${number}`).toBe(true);
    }
  });

  test('keep their transparency where that is asked for', async () => {
    const input = makeFrames(at('clear'), '%d.png', 3, [
      '-vf',
      'format=rgba,geq=r=X*4:g=Y*4:b=9:a=X*5+1',
      '-pix_fmt',
      'rgba',
    ]);
    const settings = { alpha: 'keep', reuse: false } as const;
    await upscaleClip(input, at('clear-out/%d.png'), { settings });
    const raw = ['-pix_fmt', 'rgba', '-f', 'rawvideo', '-'];
    const [source, result] = [ffmpeg('-i', at('clear/2.png'), ...raw), ffmpeg('-i', at('clear-out/2.png'), ...raw)];
    expect(result.equals(twice(source, 46, 30, 4))).toBe(true);
  });

  test('lose the alpha that is multiplied into their colours, where it is kept', async () => {
    mkdirSync(at('associated'));
    const pixels = Buffer.from([100, 50, 20, 128, 200, 100, 50, 255]);
    for (const number of [1, 2]) await writeAssociatedTiff(at(`associated/${number}.tif`), pixels);
    const settings = { alpha: 'keep' } as const;
    const { events } = await upscaleClip(at('associated/%d.tif'), at('straight/%d.png'), { settings });
    const result = ffmpeg('-i', at('straight/2.png'), '-pix_fmt', 'rgba', '-f', 'rawvideo', '-');
    expect(result.equals(twice(Buffer.from([199, 100, 40, 128, 200, 100, 50, 255]), 2, 1, 4))).toBe(true);
    expect(messages(events, 'frames').join()).toContain('multiplied with their alpha');
    const straight = sharp(pixels, { raw: { width: 2, height: 1, channels: 4 } });
    await straight.tiff({ compression: 'none' }).toFile(at('associated/3.tif'));
    await expect(upscaleClip(at('associated/%d.tif'), at('mixed-alpha/%d.png'), { settings })).rejects.toMatchObject({
      code: 'input-unsupported',
      message: expect.stringContaining('has unassociated alpha, unlike the frames before'),
    });
  });
});

/** The pixels of one row, multiplied as they are. */
async function writeAssociatedTiff(path: string, pixels: Buffer): Promise<void> {
  const raw = { width: pixels.length / 4, height: 1, channels: 4 } as const;
  const tiff = await sharp(pixels, { raw }).tiff({ compression: 'none' }).toBuffer();
  // ExtraSamples (0x152, one SHORT): 2, unassociated, becomes 1.
  tiff.writeUInt16LE(1, tiff.indexOf(Buffer.from([0x52, 0x01, 0x03, 0x00, 0x01, 0x00, 0x00, 0x00, 0x02])) + 8);
  writeFileSync(path, tiff);
}
