import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteReader } from '../../../src/video/frames/byte-reader.ts';
import { NutReader } from '../../../src/video/frames/nut-reader.ts';
import { type NutVideoHeader, writeNutFrameHeader, writeNutHeader } from '../../../src/video/frames/nut-writer.ts';
import { ffmpeg, pattern, temporaryFolder } from '../../support/clips.ts';

const folder = temporaryFolder();

test('reads the frames and uneven times that ffmpeg writes', async () => {
  const raw = [
    ...pattern(1),
    '-vf',
    "select='not(eq(mod(n\\,5)\\,2))'",
    '-fps_mode',
    'passthrough',
    '-pix_fmt',
    'rgb24',
  ];
  const nut = ffmpeg(...raw, '-c:v', 'rawvideo', '-f', 'nut', '-');
  const frames = await readAll([nut]);
  expect(frames.map((frame) => Math.round(frame.seconds * 25))).toEqual(
    Array.from({ length: 25 }, (_, index) => index).filter((index) => index % 5 !== 2),
  );
  expect(Buffer.concat(frames.map((frame) => frame.data)).equals(ffmpeg(...raw, '-f', 'rawvideo', '-'))).toBe(true);
});

test('restores the first bytes that ffmpeg elides from tiny frames', async () => {
  // Two of ffmpeg's elision headers are FF FA and FF FB: the start of a pixel of this colour.
  const pixels = join(folder, 'pixels.rgb');
  writeFileSync(pixels, Buffer.from('fffa00'.repeat(5), 'hex'));
  const nut = ffmpeg(...RAW_PIXELS, '-i', pixels, '-c:v', 'rawvideo', '-f', 'nut', '-');
  const frames = await readAll([nut]);
  expect(frames.map((frame) => frame.data.toString('hex'))).toEqual(Array(5).fill('fffa00'));
});

test('tells an end inside a frame from an end between frames', async () => {
  const nut = ffmpeg(...pattern(0.2), '-pix_fmt', 'rgb24', '-c:v', 'rawvideo', '-write_index', '0', '-f', 'nut', '-');
  expect(await readAll([nut.subarray(0, nut.length - 100)])).toHaveLength(4);
  const reader = new NutReader(new ByteReader(chunksOf([nut.subarray(0, 2000)])));
  const header = await reader.nextFrame();
  expect(await reader.readData(new Uint8Array(header?.dataBytes ?? 0))).toBe(false);
});

test('refuses bytes that are no NUT file', async () => {
  await expect(readAll([Buffer.from('RIFF----AVI LIST and more of the like')])).rejects.toMatchObject({
    code: 'internal',
  });
});

test.each([1, 2] as const)(
  'writes %i bytes per sample so that ffmpeg reads the same frames at the same times',
  (bytesPerSample) => {
    const times = [3, 4, 9, 1000, 1_000_000];
    const header: NutVideoHeader = { ...HEADER, bytesPerSample };
    const frames = times.map((_, index) => Buffer.alloc(4 * 2 * 3 * bytesPerSample, 17 * (index + 1)));
    const file = join(folder, `written-${bytesPerSample}.nut`);
    writeFileSync(file, toNut(header, times, frames));
    const listed = ffmpeg(
      '-copyts',
      '-i',
      file,
      '-fps_mode',
      'passthrough',
      '-enc_time_base',
      '-1',
      '-f',
      'framecrc',
      '-',
    ).toString();
    const ticks = listed
      .split('\n')
      .filter((line) => /^0,/.test(line))
      .map((line) => Number(line.split(',')[2]));
    expect(ticks).toEqual(times);
    const raw = ffmpeg('-i', file, '-fps_mode', 'passthrough', '-f', 'rawvideo', '-');
    expect(raw.equals(Buffer.concat(frames))).toBe(true);
  },
);

test('writes what it reads, whatever the times and wherever the pipe cuts', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat({ max: 2 ** 40 }), { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 60 }),
      async (times, chunkBytes) => {
        const frames = times.map((time) => Buffer.alloc(24, time % 251));
        const bytes = toNut(HEADER, times, frames);
        const chunks = Array.from({ length: Math.ceil(bytes.length / chunkBytes) }, (_, index) =>
          bytes.subarray(index * chunkBytes, (index + 1) * chunkBytes),
        );
        const read = await readAll(chunks);
        expect(read.map((frame) => frame.ticks)).toEqual(times);
        expect(read.map((frame) => frame.data.toString('hex'))).toEqual(frames.map((frame) => frame.toString('hex')));
      },
    ),
    { numRuns: 200 },
  );
});

const RAW_PIXELS = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-video_size', '1x1', '-framerate', '5'];

const HEADER: NutVideoHeader = {
  size: { width: 4, height: 2 },
  bytesPerSample: 1,
  timeBase: { num: 1, den: 90_000 },
  sampleAspectRatio: { num: 128, den: 117 },
  frameRate: { num: 30_000, den: 1001 },
};

function toNut(header: NutVideoHeader, times: readonly number[], frames: readonly Buffer[]): Buffer {
  const parts = frames.flatMap((frame, index) => [writeNutFrameHeader(times[index] ?? 0, frame.length), frame]);
  return Buffer.concat([writeNutHeader(header), ...parts]);
}

async function readAll(chunks: readonly Uint8Array[]) {
  const reader = new NutReader(new ByteReader(chunksOf(chunks)));
  const frames: { ticks: number; seconds: number; data: Buffer }[] = [];
  for (;;) {
    const header = await reader.nextFrame();
    if (header === null) return frames;
    const data = Buffer.alloc(header.dataBytes);
    if (!(await reader.readData(data))) return frames;
    const { num, den } = reader.stream?.timeBase ?? { num: 1, den: 1 };
    frames.push({ ticks: header.ptsTicks, seconds: (header.ptsTicks * num) / den, data });
  }
}

async function* chunksOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
