import { describe, expect, test } from 'vitest';
import { argumentsOf } from '../../../src/core/ffmpeg/ffmpeg.ts';
import { frameListPass, pipeOffsetTicks } from '../../../src/video/decode/decode-plan.ts';
import { planEncoder } from '../../../src/video/encode/encoders.ts';
import { planPicture } from '../../../src/video/plan/plan-picture.ts';
import { planTarget } from '../../../src/video/plan/target.ts';
import { videoSettingsSchema } from '../../../src/video/settings.ts';
import { resolveColour } from '../../../src/video/source/colour.ts';
import { containerFor } from '../../../src/video/source/containers.ts';
import { bitsPerSampleOf } from '../../../src/video/source/describe-stream.ts';
import { planStreams } from '../../../src/video/source/streams.ts';
import type { StreamInfo, VideoInfo, VideoStream } from '../../../src/video/source/video-info.ts';

const UNTAGGED = { matrix: null, range: null, primaries: null, transfer: null, chromaLocation: null };

describe('colour', () => {
  test.each([
    ['an untagged small clip is BT.601', UNTAGGED, '640x480', 'yuv420p', 'bt601', 'smpte170m', 'tv'],
    ['an untagged large clip is BT.709', UNTAGGED, '1280x720', 'yuv420p', 'bt709', 'bt709', 'tv'],
    ['an untagged PAL clip is BT.601', UNTAGGED, '720x576', 'yuv420p', 'bt601', 'smpte170m', 'tv'],
    [
      'an untagged clip of 480 lines that are turned is BT.601',
      UNTAGGED,
      '480x854',
      'yuv420p',
      'bt601',
      'smpte170m',
      'tv',
    ],
    ['an untagged large clip that is turned is BT.709', UNTAGGED, '720x1280', 'yuv420p', 'bt709', 'bt709', 'tv'],
    ['a tag wins over the size', { ...UNTAGGED, matrix: 'bt709' }, '64x48', 'yuv420p', 'bt709', 'bt709', 'tv'],
    [
      'PAL keeps its own name of BT.601',
      { ...UNTAGGED, matrix: 'bt470bg' },
      '720x576',
      'yuv420p',
      'bt601',
      'bt470bg',
      'tv',
    ],
    ['HDR is BT.2020', { ...UNTAGGED, matrix: 'bt2020nc' }, '3840x2160', 'yuv420p10le', 'bt2020', 'bt2020nc', 'tv'],
    ['full range is kept', { ...UNTAGGED, range: 'pc' as const }, '64x48', 'yuv420p', 'bt601', 'smpte170m', 'pc'],
    ['a JPEG format is full range', UNTAGGED, '64x48', 'yuvj420p', 'bt601', 'smpte170m', 'pc'],
    ['RGB becomes BT.709', UNTAGGED, '64x48', 'bgra', 'bt709', 'bt709', 'tv'],
    [
      'a matrix that swscale lacks counts as untagged',
      { ...UNTAGGED, matrix: 'ictcp' },
      '64x48',
      'yuv420p',
      'bt601',
      'smpte170m',
      'tv',
    ],
  ])('%s', (_, tags, size, pixelFormat, matrix, tag, range) => {
    const [width = 0, height = 0] = size.split('x').map(Number);
    const colour = resolveColour(tags, { width, height }, pixelFormat);
    expect([colour.matrix, colour.tags.matrix, colour.range, colour.tags.range]).toEqual([matrix, tag, range, range]);
  });
});

test.each([
  ['yuv420p', 8],
  ['yuv420p10le', 10],
  ['p010le', 10],
  ['p016le', 16],
  ['gbrp12le', 12],
  ['gray16be', 16],
  ['rgb48le', 16],
  ['rgba64be', 16],
  ['rgb565le', 8],
  ['x2rgb10le', 10],
  ['y210le', 10],
  ['nv12', 8],
])('%s has %i bits per sample', (format, bits) => {
  expect(bitsPerSampleOf(format)).toBe(bits);
});

describe('target size', () => {
  const source = { width: 161, height: 121 };
  test.each([
    ['the network decides', { kind: 'network' } as const, 3, '483x363'],
    ['a factor that is the network’s own changes nothing', { kind: 'scale', scale: 3 } as const, 3, '483x363'],
    ['another factor is rounded to even numbers', { kind: 'scale', scale: 2.5 } as const, 4, '402x302'],
    ['a box keeps the shape', { kind: 'fit', width: 1920, height: 1080 } as const, 4, '1438x1080'],
    ['a box is never left', { kind: 'fit', width: 101, height: 4000 } as const, 4, '101x76'],
    ['a width gives the height', { kind: 'side', side: 'width', px: 320 } as const, 4, '320x240'],
    ['a height gives the width, both even', { kind: 'side', side: 'height', px: 721 } as const, 4, '960x722'],
    ['the short side may be either', { kind: 'side', side: 'short', px: 1080 } as const, 4, '1438x1080'],
  ])('%s', (_, target, scale, expected) => {
    const { width, height } = planTarget(
      { size: source, sampleAspectRatio: null },
      scale,
      { target, fill: 'fit' },
      2,
    ).size;
    expect(`${width}x${height}`).toBe(expected);
  });
});

describe('encoders', () => {
  const plan = (output: string, settings: object = {}, pixelFormat = 'yuv420p') =>
    planEncoder(
      videoSettingsSchema.parse(settings),
      { ...VIDEO, pixelFormat, bitsPerSample: bitsPerSampleOf(pixelFormat) },
      containerFor(output),
    );

  test.each([
    ['out.mp4', {}, 'yuv420p', 'libx264', 'yuv420p'],
    ['out.mkv', {}, 'yuv420p10le', 'libx265', 'yuv420p10le'],
    ['out.webm', {}, 'yuv420p', 'libvpx-vp9', 'yuv420p'],
    ['out.mkv', { encoder: 'libx264' }, 'yuv422p10le', 'libx264', 'yuv420p10le'],
    ['out.mkv', { encoder: 'ffv1' }, 'yuv444p', 'ffv1', 'yuv444p'],
    ['out.mkv', { encoder: 'ffv1' }, 'yuv422p10le', 'ffv1', 'yuv422p10le'],
    ['out.mov', { encoder: 'prores_ks' }, 'yuv420p', 'prores_ks', 'yuv422p10le'],
  ])('%s with %j from %s is %s in %s', (output, settings, from, name, to) => {
    expect(plan(output, settings, from)).toMatchObject({ name, pixelFormat: to });
  });

  test('names the encoders that fit when the container cannot hold the chosen one', () => {
    expect(() => plan('out.webm', { encoder: 'libx264' })).toThrow(
      expect.objectContaining({ code: 'usage', hint: expect.stringContaining('libvpx-vp9') }),
    );
  });

  test('better quality is a lower rate factor', () => {
    const crf = (quality: number) =>
      Number(plan('out.mp4', { quality }).options[plan('out.mp4', { quality }).options.indexOf('-crf') + 1]);
    expect([0, 70, 100].map(crf)).toEqual([46, 17, 4]);
  });
});

test('an output that upreel cannot write is a usage error', () => {
  expect(() => containerFor('film.avi')).toThrow(expect.objectContaining({ code: 'usage' }));
  expect(() => containerFor('film')).toThrow(expect.objectContaining({ code: 'usage' }));
  for (const extension of ['.gif', '.apng', '.webp', '.avif']) {
    const message = expect.stringContaining(`makes no ${extension} of a film`);
    expect(() => containerFor(`film${extension}`)).toThrow(expect.objectContaining({ code: 'usage', message }));
  }
});

const WISHES = { audio: 'auto', subtitles: 'auto' } as const;

describe('streams', () => {
  test('a Matroska source goes whole into mkv, in its order', () => {
    const plan = planStreams(FILM, containerFor('out.mkv'), WISHES);
    expect(plan.order.map((entry) => entry?.source.index ?? 'upscaled')).toEqual([0, 'upscaled', 2, 3, 4, 5]);
    expect(plan.order.every((entry) => entry === null || entry.codec === 'copy')).toBe(true);
    expect(plan.warnings).toEqual([]);
  });

  test('what mp4 cannot hold is left out with a warning, and text subtitles are rewritten', () => {
    const plan = planStreams(FILM, containerFor('out.mp4'), WISHES);
    expect(plan.order.map((entry) => [entry?.source.index, entry?.codec])).toEqual([
      [0, 'copy'],
      [undefined, undefined],
      [2, 'mov_text'],
    ]);
    expect(plan.warnings.map((warning) => warning.message)).toEqual([
      'Subtitle stream 2 (ass, deu) becomes mov_text in .mp4; its styling is lost.',
      expect.stringMatching(/^Subtitle stream 3 \(hdmv_pgs_subtitle\) cannot be copied into \.mp4/),
      expect.stringMatching(/^Attachment stream 4/),
      expect.stringMatching(/^Audio stream 5 \(truehd\)/),
    ]);
  });

  test('a second video stream comes after the upscaled one', () => {
    const second = stream(0, 'video', 'h264');
    const film = { ...FILM, streams: [second, VIDEO, stream(2, 'audio', 'aac')] };
    const plan = planStreams(film, containerFor('out.mkv'), WISHES);
    expect(plan.order.map((entry) => entry?.source.index ?? 'upscaled')).toEqual(['upscaled', 2, 0]);
    expect(plan.warnings[0]?.code).toBe('stream-not-upscaled');
  });
});

test('arguments with a space, a quote or a newline stay one argument', () => {
  const odd = ["title=a b's c", 'x=\n', '-metadata'];
  const args = argumentsOf({
    inputs: [{ options: ['-f', 'nut'], source: "file:/a b'c.mp4" }],
    output: { options: ['-metadata', ...odd], target: 'file:/out d.mkv' },
  });
  expect(args.slice(args.indexOf('-i'))).toEqual([
    '-i',
    "file:/a b'c.mp4",
    '-y',
    '-metadata',
    ...odd,
    'file:/out d.mkv',
  ]);
});

test.each([
  [{ num: 1, den: 90_000 }, null],
  [{ num: 1001, den: 30_000 }, null],
  [
    { num: 1001, den: 30_000 },
    { num: 25, den: 1 },
  ],
  [
    { num: 1, den: 1000 },
    { num: 24_000, den: 1001 },
  ],
])('times before 0 are moved by whole ticks of %j, also for frames at %j', (timeBase, fps) => {
  const source = { ...FILM, video: { ...VIDEO, timeBase, startSeconds: -0.5 } };
  const picture = planPicture(source, videoSettingsSchema.parse({ fps }), null, 0);
  const offset = pipeOffsetTicks({ source, picture });
  const seconds = (offset * picture.timeBase.num) / picture.timeBase.den;
  expect(Number.isInteger(offset)).toBe(true);
  expect(seconds).toBeGreaterThan(0.5);
  const { plan } = frameListPass(source, picture);
  const added = /setpts=PTS\+([^,]+)/.exec(plan.output.options.join(' '))?.[1];
  expect(Number(added)).toBe(Math.round((seconds * timeBase.den) / timeBase.num));
  expect(added).toMatch(/^\d+$/);
});

function stream(index: number, kind: StreamInfo['kind'], codec: string, language: string | null = null): StreamInfo {
  const rest = { tags: {}, dispositions: [], sound: null, obstacle: null };
  return { index, kind, codec, isCoverArt: false, startSeconds: 0, language, ...rest };
}

const VIDEO: VideoStream = {
  ...stream(1, 'video', 'h264'),
  size: { width: 64, height: 48 },
  rotationDegrees: 0,
  pixelFormat: 'yuv420p',
  bitsPerSample: 8,
  colour: UNTAGGED,
  frameRate: { num: 25, den: 1 },
  baseRate: null,
  timeBase: { num: 1, den: 1000 },
  declaredFrames: null,
  fieldOrder: null,
  sampleAspectRatio: null,
  hasAlpha: false,
  sideData: [],
};

const FILM: VideoInfo = {
  path: '/film.mkv',
  fileBytes: 1,
  formatName: 'matroska,webm',
  startSeconds: 0,
  durationSeconds: 1,
  tags: {},
  chapters: 0,
  timecode: null,
  video: VIDEO,
  streams: [
    stream(0, 'audio', 'aac'),
    VIDEO,
    stream(2, 'subtitle', 'ass', 'deu'),
    stream(3, 'subtitle', 'hdmv_pgs_subtitle'),
    stream(4, 'attachment', 'ttf'),
    stream(5, 'audio', 'truehd'),
  ],
};
