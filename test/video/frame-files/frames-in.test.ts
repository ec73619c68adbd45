import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import type { TaskEvent } from '../../../src/core/events.ts';
import { decodeRgb, ffmpeg, frameTimes, pattern, probe, temporaryFolder, tone, videoOf } from '../../support/clips.ts';
import { startClip } from '../../support/run-clip.ts';
import { upscaleClip } from '../../support/upscale-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

/** Numbered from 1, as a folder of its own. */
function makeFrames(
  name: string,
  file: string,
  frames: number,
  options: readonly string[] = [],
  size = '46x30',
): string {
  mkdirSync(at(name), { recursive: true });
  const source = pattern(frames / 10, { size, rate: '10' });
  ffmpeg(...source, ...options, '-start_number', '1', '-f', 'image2', join(at(name).replaceAll('%', '%%'), file));
  return join(at(name), file);
}

/** Each sample as the network that repeats pixels gives it. */
function twice(frames: Buffer, width: number, height: number, bytesPerPixel: number): Buffer {
  const bytes = width * height * bytesPerPixel;
  const result = Buffer.alloc(frames.length * 4);
  for (let pixel = 0; pixel < frames.length / bytesPerPixel; pixel++) {
    const [frame, rest] = [Math.floor(pixel / (width * height)), pixel % (width * height)];
    const [y, x] = [Math.floor(rest / width), rest % width];
    for (const [row, column] of [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ] as const) {
      const to = frame * bytes * 4 + ((2 * y + row) * 2 * width + 2 * x + column) * bytesPerPixel;
      frames.copy(result, to, pixel * bytesPerPixel, (pixel + 1) * bytesPerPixel);
    }
  }
  return result;
}

function messages(events: readonly TaskEvent[], code: string): string[] {
  return events.flatMap((event) => (event.type === 'warning' && event.code === code ? [event.message] : []));
}

const FULL = 'scale=in_range=pc:out_range=pc:flags=bicubic+accurate_rnd+full_chroma_int+bitexact';

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
    const input = makeFrames(name, `f%03d.${extension}`, 3, ['-pix_fmt', format]);
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
    const input = makeFrames('jpg', '%02d.jpg', 4, ['-q:v', '2']);
    await upscaleClip(input, at('jpg.mkv'), { settings: { encoder: 'ffv1', chroma: '444', reuse: false } });
    expect(videoOf(at('jpg.mkv'))).toMatchObject({ color_range: 'pc', width: 92, height: 60, r_frame_rate: '24/1' });
    const before = twice(decodeRgb(at('jpg/01.jpg'), '-vf', FULL), 46, 30, 3);
    const after = decodeRgb(at('jpg.mkv'), '-frames:v', '1');
    const difference = before.reduce((sum, value, index) => sum + Math.abs(value - after[index]!), 0) / before.length;
    expect(difference).toBeLessThan(1);
  });

  test('YUV in TIFF is read by the range that it states', async () => {
    const input = makeFrames('tif-yuv', '%d.tif', 2, ['-pix_fmt', 'yuv444p']);
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
    makeFrames(name, '%d.png', 2, ['-pix_fmt', 'rgb24']);
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
    makeFrames('exif', '%d.png', 1);
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
    makeFrames('mixed', '%d.png', 6, ['-pix_fmt', 'rgb24']);
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
    const input = makeFrames('clear', '%d.png', 3, [
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

describe('a film of pictures', () => {
  beforeAll(() => {
    makeFrames('film', '%04d.png', 30);
    ffmpeg(...tone(2), '-c:a', 'flac', at('tone.flac'));
    ffmpeg(...tone(2), '-c:a', 'libmp3lame', at('tone.mp3'));
    ffmpeg(...tone(2), '-output_ts_offset', '5', '-c:a', 'aac', '-f', 'mpegts', at('late.ts'));
  });
  const film = at('film/%04d.png');

  test.each([
    [undefined, 1 / 24, '24/1'],
    [{ num: 25, den: 1 }, 1 / 25, '25/1'],
    [{ num: 24000, den: 1001 }, 1001 / 24000, '24000/1001'],
  ])('at a rate of %j has every frame at its time', async (fps, step, rate) => {
    const output = at(`rate-${step}.mp4`);
    const { events } = await upscaleClip(film, output, { settings: fps === undefined ? {} : { fps } });
    for (const [index, time] of frameTimes(output).entries())
      expect(Math.abs(time - index * step)).toBeLessThan(0.0001);
    expect(frameTimes(output).length).toBe(30);
    expect(videoOf(output)).toMatchObject({ r_frame_rate: rate });
    expect(messages(events, 'frames')[0]).toContain(`at ${rate.replace(/\/1$/, '')}`);
    expect(messages(events, 'frames')[0]).toContain('Frames 1 to 30: 30 pictures of');
  });

  test('is the same in segments, and begins each at its own picture', async () => {
    const settings = { encoder: 'ffv1', reuse: false } as const;
    await upscaleClip(film, at('whole.mkv'), { settings });
    await upscaleClip(film, at('parts.mkv'), { settings: { ...settings, segmentSeconds: 0.2 } });
    expect(decodeRgb(at('parts.mkv')).equals(decodeRgb(at('whole.mkv')))).toBe(true);
    expect(frameTimes(at('parts.mkv'))).toEqual(frameTimes(at('whole.mkv')));
  });

  test.each([
    [{ startSeconds: 0.5, endSeconds: 1 }, 12, 24],
    [{ startSeconds: 1, endSeconds: null }, 24, 30],
    [{ startSeconds: 0, endSeconds: 0.25 }, 0, 6],
  ])('has the part %j', async (trim, first, end) => {
    const output = at(`trim-${first}/%d.png`);
    await upscaleClip(film, output, { settings: { trim, reuse: false, segmentSeconds: 0.1 } });
    expect(readdirSync(at(`trim-${first}`)).length).toBe(end - first);
    const number = String(first + 1).padStart(4, '0');
    expect(decodeRgb(at(`trim-${first}/1.png`)).equals(twice(decodeRgb(at(`film/${number}.png`)), 46, 30, 3))).toBe(
      true,
    );
  });

  test('is cropped', async () => {
    const crop = { width: 20, height: 10, x: 5, y: 3 };
    await upscaleClip(film, at('crop/%d.png'), { settings: { crop, reuse: false } });
    const source = decodeRgb(at('film/0001.png'), '-vf', 'crop=20:10:5:3');
    expect(decodeRgb(at('crop/1.png')).equals(twice(source, 20, 10, 3))).toBe(true);
  });

  test.each([
    ['tone.flac', 'mkv', 'flac', 0],
    ['tone.mp3', 'mp4', 'mp3', 0.03],
    ['late.ts', 'mkv', 'aac', 0.025],
  ])('gets the sound of %s in %s, from its first frame on', async (sound, extension, codec, tolerance) => {
    const output = at(`${sound}.${extension}`);
    const { events } = await upscaleClip(film, output, { settings: { sound: at(sound) } });
    const streams = probe(output).streams.filter(({ codec_type }) => codec_type === 'audio');
    expect(streams.map(({ codec_name }) => codec_name)).toEqual([codec]);
    const samples = (file: string) => ffmpeg('-i', file, '-map', '0:a', '-ac', '1', '-ar', '44100', '-f', 's16le', '-');
    const [before, after] = [samples(at(sound)), samples(output)];
    // MP4 does not say what of the last packet of MP3 is silence that was added.
    const bytes = Math.min(before.length, after.length);
    expect(after.length - before.length).toBeLessThanOrEqual(codec === 'mp3' ? 4608 : 0);
    expect(after.subarray(0, bytes).equals(before.subarray(0, bytes))).toBe(true);
    const start = ffmpeg('-copyts', '-i', output, '-map', '0:a', '-f', 'framecrc', '-').toString();
    expect(Math.abs(firstTime(start))).toBeLessThanOrEqual(tolerance);
    expect(messages(events, 'sound-length')[0]).toContain('the pictures 1.250 s; --trim -1.250 cuts both');
  });

  test('goes on after kill -9, and is the one that was never stopped', async () => {
    const settings = { encoder: 'ffv1', segmentSeconds: 0.25, sound: at('tone.flac') };
    const running = startClip({ input: film, output: at('killed.mkv'), settings, delayMs: 60 });
    // A first segment is kept, and there are more to come.
    await until(() => existsSync(at('killed.mkv.upreel/segment-00000.json')));
    running.child.kill('SIGKILL');
    await running.finished;
    const again = await startClip({ input: film, output: at('killed.mkv'), settings }).finished;
    expect(again.code, again.err).toBe(0);
    expect(Number(/started after (\d+)/.exec(again.out)?.[1])).toBeGreaterThan(0);
    const whole = await startClip({ input: film, output: at('never.mkv'), settings }).finished;
    expect(whole.code, whole.err).toBe(0);
    expect(decodeRgb(at('killed.mkv')).equals(decodeRgb(at('never.mkv')))).toBe(true);
    expect(frameTimes(at('killed.mkv'))).toEqual(frameTimes(at('never.mkv')));
  });

  test('that was begun does not go on with other pictures', async () => {
    makeFrames('changing', '%d.png', 40);
    const settings = { segmentSeconds: 0.1 };
    const running = startClip({ input: at('changing/%d.png'), output: at('changing.mkv'), settings, delayMs: 60 });
    await until(() => /frames ([5-9]|[12][0-9])/.test(running.out()));
    running.child.kill('SIGKILL');
    await running.finished;
    copyFileSync(at('film/0001.png'), at('changing/11.png'));
    const again = await startClip({ input: at('changing/%d.png'), output: at('changing.mkv'), settings }).finished;
    expect(again).toMatchObject({ code: 2 });
    expect(again.err).toContain('was begun with something else');
  });

  test('has names that no shell and no program takes for more than names', async () => {
    const names = ['-1 "a\'b" %20 $(x)\n;', 'é %5 [1-2] {a,b} \\'];
    for (const [index, name] of names.entries()) {
      mkdirSync(at(`odd ${index} %d`));
      for (const number of [1, 2])
        copyFileSync(at('film/0001.png'), join(at(`odd ${index} %d`), `${name}${number}.png`));
      const { framesTotal } = await upscaleClip(join(at(`odd ${index} %d`), `${name}%d.png`), at(`odd-${index}.mkv`));
      expect(framesTotal).toBe(2);
    }
  });
});

function firstTime(framecrc: string): number {
  const [, num, den] = /^#tb 0: (\d+)\/(\d+)/m.exec(framecrc) ?? [];
  return (Number(/^0,\s*-?\d+,\s*(-?\d+)/m.exec(framecrc)?.[1]) * Number(num)) / Number(den);
}

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 20) {
    if (waited > 30_000) throw new Error('Expected it sooner.');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('what is wrong with pictures is said before the work', () => {
  test('missing numbers by name, and held or passed over if asked', async () => {
    const input = makeFrames('gaps', '%02d.png', 12);
    for (const number of ['03', '04', '09']) rmSync(at(`gaps/${number}.png`));
    await expect(upscaleClip(input, at('gaps.mkv'))).rejects.toMatchObject({
      code: 'input-missing',
      message: '3 of the frames 1 to 12 are missing: 3 to 4, 9.',
    });
    const held = await upscaleClip(input, at('held/%d.png'), { settings: { gaps: 'hold', reuse: false } });
    expect(held.framesTotal).toBe(12);
    expect(decodeRgb(at('held/4.png')).equals(twice(decodeRgb(at('gaps/02.png')), 46, 30, 3))).toBe(true);
    expect(decodeRgb(at('held/12.png')).equals(twice(decodeRgb(at('gaps/12.png')), 46, 30, 3))).toBe(true);
    const skipped = await upscaleClip(input, at('skipped/%d.png'), { settings: { gaps: 'skip', reuse: false } });
    expect(skipped.framesTotal).toBe(9);
    expect(decodeRgb(at('skipped/3.png')).equals(twice(decodeRgb(at('gaps/05.png')), 46, 30, 3))).toBe(true);
    expect(messages(skipped.events, 'frames-missing')[0]).toContain('3 to 4, 9');
  });

  test('another size, kind or nature, with the number of the frame', async () => {
    const input = makeFrames('sizes', '%d.png', 4);
    ffmpeg(...pattern(0.1, { size: '48x30', rate: '10' }), at('sizes/3.png'));
    await expect(upscaleClip(input, at('sizes.mkv'))).rejects.toMatchObject({
      code: 'input-unsupported',
      message: `Frame 3 (${at('sizes/3.png')}) is 48x30, expected 46x30 as the first.`,
    });
    ffmpeg(...pattern(0.1, { size: '46x30', rate: '10' }), '-f', 'mjpeg', at('sizes/3.png'));
    await expect(upscaleClip(input, at('sizes.mkv'))).rejects.toMatchObject({
      message: /Frame 3 .* is JPEG, expected PNG/,
    });
    writeFileSync(at('sizes/3.png'), 'ffconcat version 1.0\nfile /etc/passwd\n');
    await expect(upscaleClip(input, at('sizes.mkv'))).rejects.toMatchObject({ message: /Frame 3 .* is no picture/ });
    rmSync(at('sizes/3.png'));
    mkdirSync(at('sizes/3.png'));
    await expect(upscaleClip(input, at('sizes.mkv'))).rejects.toMatchObject({ message: /Frame 3 .* no regular file/ });
    expect(readdirSync(folder).filter((name) => name.startsWith('sizes'))).toEqual(['sizes']);
  });

  test.each(['png', 'tif', 'dpx', 'exr', 'jpg'])('a cut-off %s, and the one before is shown if asked', async (kind) => {
    const input = makeFrames(`cut-${kind}`, `%d.${kind}`, 4);
    const file = at(`cut-${kind}/3.${kind}`);
    truncateSync(file, Math.floor(readFileSync(file).length * 0.7));
    await expect(upscaleClip(input, at(`cut-${kind}.mkv`))).rejects.toMatchObject({
      code: 'input-damaged',
      message: `Frame 3 (${file}) is cut off.`,
    });
    const settings = { onDecodeError: 'conceal' as const, reuse: false };
    const { framesTotal, events } = await upscaleClip(input, at(`cut-${kind}-out/%d.png`), { settings });
    expect(framesTotal).toBe(4);
    expect(decodeRgb(at(`cut-${kind}-out/3.png`)).equals(decodeRgb(at(`cut-${kind}-out/2.png`)))).toBe(true);
    expect(messages(events, 'concealed')[0]).toContain('Frame 3');
  });

  test('a picture that is broken inside, where only the decoder can see it', async () => {
    const input = makeFrames('broken', '%d.png', 4);
    const bytes = readFileSync(at('broken/3.png'));
    bytes.fill(0xff, 80, 160);
    writeFileSync(at('broken/3.png'), bytes);
    await expect(upscaleClip(input, at('broken.mkv'))).rejects.toMatchObject({
      code: 'input-damaged',
      message: `Frame 3 (${at('broken/3.png')}) cannot be decoded.`,
    });
    const settings = { onDecodeError: 'conceal' as const };
    const { events } = await upscaleClip(input, at('broken-shown.mkv'), { settings });
    expect(frameTimes(at('broken-shown.mkv')).map((time) => Math.round(24 * time))).toEqual([0, 1, 3]);
    expect(events.filter(({ type }) => type === 'warning').length).toBeGreaterThan(1);
  });

  test.each([
    ['no such name', 'film/%03d.png', {}, 'No picture is named like'],
    ['no such folder', 'nowhere/%d.png', {}, 'cannot be read'],
    ['sound without sound', 'film/%04d.png', { sound: 'film/0001.png' }, 'sound'],
    ['sound that is missing', 'film/%04d.png', { sound: 'no.wav' }, 'no such file'],
    ['sound that names others', 'film/%04d.png', { sound: 'list.wav' }, 'no sound that ffmpeg can read'],
    [
      'a folder of frames as the result',
      'film/%04d.png',
      { overwrite: true, output: 'film/%04d.png' },
      'the input itself',
    ],
    ['a report over a picture', 'film/%04d.png', { overwrite: true, report: 'film/0001.png' }, 'name of a picture'],
  ])('%s', async (_, input, { output = 'refused.mkv', ...given }: Record<string, string | boolean>, message) => {
    writeFileSync(at('list.wav'), 'ffconcat version 1.0\nfile tone.flac\n');
    const named = Object.entries(given).map(([name, value]) => [name, typeof value === 'string' ? at(value) : value]);
    const settings = Object.fromEntries(named);
    await expect(upscaleClip(at(input), at(`${output}`), { settings })).rejects.toThrow(message);
    expect(readdirSync(at('film')).length).toBe(30);
  });

  test('--sound for a video', async () => {
    ffmpeg(...pattern(0.2), at('plain.mp4'));
    await expect(upscaleClip(at('plain.mp4'), at('no.mkv'), { settings: { sound: at('tone.flac') } })).rejects.toThrow(
      'a video keeps its own',
    );
  });
});
