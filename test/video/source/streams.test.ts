import { closeSync, createReadStream, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { beforeAll, describe, expect, test } from 'vitest';
import { frameBytes, parseY4mHeader } from '../../../src/video/frames/y4m.ts';
import { bitsPerSampleOf } from '../../../src/video/source/describe-stream.ts';
import {
  decodeRgb,
  ffmpeg,
  frameTimes,
  H264,
  pattern,
  probe,
  temporaryFolder,
  tone,
  videoOf,
} from '../../support/clips.ts';
import { upscaleClip } from '../../support/upscale-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

beforeAll(() => {
  ffmpeg(
    ...pattern(1, { rate: '30000/1001' }),
    '-vf',
    'scale=33:24',
    '-pix_fmt',
    'yuv420p',
    '-strict',
    '-1',
    at('film.y4m'),
  );
  ffmpeg(...pattern(1, { rate: '10' }), '-pix_fmt', 'yuv444p10le', '-strict', '-1', at('deep.y4m'));
  ffmpeg(...pattern(1, { rate: '10' }), ...tone(1), ...H264, '-c:a', 'aac', at('film.mp4'));
  ffmpeg(
    '-i',
    at('film.mp4'),
    '-vf',
    'setpts=PTS+0.03*lt(mod(N\\,3)\\,1)/TB',
    '-fps_mode',
    'passthrough',
    '-enc_time_base',
    '-1',
    ...H264,
    at('vfr.mkv'),
  );
});

const piped = (name: string) => ({ input: createReadStream(at(name)), output: null });

/** Upscales a file into a pipe; a file takes what would go through it. */
async function upscaleToPipe(input: string, output: string, settings = {}, source: Readable | null = null) {
  const descriptor = openSync(at(output), 'w');
  try {
    const streams = { input: source, output: descriptor };
    return await upscaleClip(source === null ? at(input) : '-', '-', { settings, streams });
  } finally {
    closeSync(descriptor);
  }
}

describe('the header of Y4M', () => {
  test.each([
    ['YUV4MPEG2 W64 H48 F30000:1001 Ip A1:1 C420jpeg', 'yuv420p', 30000 / 1001, null, 64 * 48 * 1.5],
    ['YUV4MPEG2 W63 H47 F25:1 It A128:117 C420mpeg2 XYSCSS=420MPEG2 XCOLORRANGE=FULL', 'yuv420p', 25, 'tff', 4497],
    ['YUV4MPEG2 W64 H48 F24:1 Ib C422p10', 'yuv422p10le', 24, 'bff', 64 * 48 * 4],
    ['YUV4MPEG2 W64 H48 F24:1 C444p12 XYSCSS=444P12', 'yuv444p12le', 24, null, 64 * 48 * 6],
    ['YUV4MPEG2 W64 H48 F24:1 C411', 'yuv411p', 24, null, 64 * 48 * 1.5],
    ['YUV4MPEG2 W64 H48 F24:1 Cmono16', 'gray16le', 24, null, 64 * 48 * 2],
  ])('%s', (line, format, rate, fieldOrder, bytes) => {
    const header = parseY4mHeader(line);
    expect(header).toMatchObject({ pixelFormat: format, fieldOrder });
    expect(header.frameRate.num / header.frameRate.den).toBe(rate);
    expect(frameBytes(format, header.size)).toBe(bytes);
    expect(bitsPerSampleOf(format)).toBe(Number(/(\d+)le$/.exec(format)?.[1] ?? 8));
  });

  test.each([
    ['YUV4MPEG2 W64 H48 F24:1 C444alpha', 'input-unsupported'],
    ['YUV4MPEG2 W64 F24:1', 'input-unreadable'],
    ['YUV4MPEG2 W640000 H480000 F24:1', 'input-too-large'],
    ['RIFF', 'input-unreadable'],
  ])('%s is refused', (line, code) => {
    expect(() => parseY4mHeader(line)).toThrow(expect.objectContaining({ code }));
  });
});

describe('standard input', () => {
  test.each(['film.y4m', 'deep.y4m'])('gives the same film as the file does: %s', async (name) => {
    const settings = { encoder: 'ffv1', chroma: '444', levels: 'clip' };
    const result = await upscaleClip('-', at(`${name}-piped.mkv`), { settings, streams: piped(name) });
    await upscaleClip(at(name), at(`${name}-named.mkv`), { settings });
    expect(result.framesTotal).toBe(frameTimes(at(name)).length);
    expect(result.events.find((event) => event.type === 'started')).toMatchObject({ framesTotal: null, input: '-' });
    expect(frameTimes(at(`${name}-piped.mkv`))).toEqual(frameTimes(at(`${name}-named.mkv`)));
    expect(decodeRgb(at(`${name}-piped.mkv`)).equals(decodeRgb(at(`${name}-named.mkv`)))).toBe(true);
    const [left, right] = ['piped', 'named'].map((kind) => probe(at(`${name}-${kind}.mkv`)).format.duration);
    expect(left).toBe(right);
    expect(readdirSync(folder).filter((file) => file.includes('.upreel'))).toEqual([]);
  });

  test.each([
    [
      'in the middle of a frame',
      (bytes: Buffer) => bytes.subarray(0, bytes.length - 100),
      /after frame 29: it ends inside/,
    ],
    ['in the line before a frame', (bytes: Buffer) => bytes.subarray(0, bytes.indexOf('FRAME') + 3), /after frame 0/],
    [
      'by other bytes',
      (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('garbage\n')]),
      /after frame 30: something/,
    ],
    ['before it began', () => Buffer.alloc(0), /ended before it began/],
    ['by what is no Y4M', () => readFileSync(at('film.mp4')), /is not Y4M/],
  ])('that is broken %s is refused, and nothing is left', async (_, damage, message) => {
    const bytes = damage(readFileSync(at('film.y4m')));
    const input = Readable.from(bytes.length === 0 ? [] : [bytes]);
    const streams = { input, output: null };
    await expect(upscaleClip('-', at('refused.mkv'), { streams })).rejects.toMatchObject({
      code: expect.stringMatching(/^input-/),
      message: expect.stringMatching(message),
    });
    expect(readdirSync(folder).filter((name) => name.includes('refused'))).toEqual([]);
  });

  test('does not throw away the unfinished job of a file', async () => {
    const drain = new AbortController();
    const onEvent = (event: { type: string }) => event.type === 'progress' && drain.abort(new Error('stop'));
    const first = upscaleClip(at('film.mp4'), at('job.mkv'), {
      settings: { segmentSeconds: 0.2 },
      drain: drain.signal,
      onEvent,
    });
    await expect(first).rejects.toThrow();
    expect(readdirSync(folder)).toContain('job.mkv.upreel');
    const second = upscaleClip('-', at('job.mkv'), { streams: piped('film.y4m') });
    await expect(second).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('unfinished job') });
    expect(readdirSync(folder)).toContain('job.mkv.upreel');
  });
});

describe('standard output', () => {
  test('gets the frames of the file that would be made, and says what it cannot hold before the work', async () => {
    const { events, framesTotal, bytes } = await upscaleToPipe('film.mp4', 'out.y4m');
    await upscaleClip(at('film.mp4'), at('out.mkv'), { settings: { encoder: 'ffv1' } });
    expect([framesTotal, frameTimes(at('out.y4m')).length]).toEqual([10, 10]);
    expect(decodeRgb(at('out.y4m')).equals(decodeRgb(at('out.mkv')))).toBe(true);
    const types = events.map((event) => (event.type === 'warning' ? event.code : event.type));
    expect(types.slice(0, 3)).toEqual(['started', 'stream-dropped', expect.any(String)]);
    const header = readFileSync(at('out.y4m')).indexOf('\n') + 1;
    expect(header + bytes).toBe(readFileSync(at('out.y4m')).length);
  });

  test.each([
    [{}, 'F10:1 Ip A1:1 C420'],
    [{ chroma: '444', depth: '10' }, 'F10:1 Ip A1:1 C444p10'],
    [{ fps: { num: 30000, den: 1001 } }, 'F30000:1001 Ip A1:1 C420'],
    [{ deinterlace: 'bob' }, 'F20:1 Ip A1:1 C420'],
  ])('with %j begins with %s', async (settings, expected) => {
    await upscaleToPipe('film.mp4', 'head.y4m', settings);
    const line = readFileSync(at('head.y4m')).subarray(0, 200).toString('latin1').split('\n')[0];
    expect(line).toContain(`YUV4MPEG2 W128 H96 ${expected}`);
  });

  test('from standard input is a filter: frame for frame', async () => {
    await upscaleToPipe('-', 'filtered.y4m', { levels: 'clip' }, createReadStream(at('film.y4m')));
    expect(videoOf(at('filtered.y4m'))).toMatchObject({ width: 66, height: 48 });
    expect(frameTimes(at('filtered.y4m'))).toEqual(frameTimes(at('film.y4m')));
  });

  test('has no times, which is said of a film whose times vary', async () => {
    const { events } = await upscaleToPipe('vfr.mkv', 'vfr.y4m');
    expect(events.some((event) => event.type === 'warning' && event.code === 'times-dropped')).toBe(true);
  });
});
