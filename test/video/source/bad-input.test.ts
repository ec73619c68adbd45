import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ffmpeg, frameTimes, H264, pattern, temporaryFolder, tone } from '../../support/clips.ts';
import { upscaleClip } from '../../support/upscale-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

beforeAll(() => {
  ffmpeg(...pattern(4), ...tone(4), ...H264, '-c:a', 'aac', at('film.mp4'));
});

describe('a file that is no video', () => {
  test.each<[string, string, (file: string) => void, string, RegExp]>([
    ['a name that does not exist', 'missing.mp4', () => {}, 'input-missing', /there is no such file/],
    ['a folder', 'folder.mp4', (file) => mkdirSync(file), 'input-unreadable', /is a folder/],
    ['an empty file', 'empty.mp4', (file) => writeFileSync(file, ''), 'input-unreadable', /is empty \(0 bytes\)/],
    ['an empty picture', 'empty.png', (file) => writeFileSync(file, ''), 'input-unreadable', /is empty/],
    [
      'a text',
      'text.mp4',
      (file) => writeFileSync(file, 'Dear diary, no pictures today.\n'.repeat(50)),
      'input-unreadable',
      /not a video/,
    ],
    [
      'noise',
      'noise.mkv',
      (file) => writeFileSync(file, Buffer.from(Array.from({ length: 9000 }, (_, index) => (index * 7919) % 251))),
      'input-unreadable',
      /not a video/,
    ],
    [
      'sound alone',
      'sound.mp4',
      (file) => ffmpeg(...tone(1), '-c:a', 'aac', file),
      'input-unsupported',
      /holds no video, only audio/,
    ],
    [
      'a picture',
      'picture.mp4',
      (file) => ffmpeg(...pattern(0.04), '-frames:v', '1', '-f', 'image2', '-c:v', 'png', file),
      'input-unsupported',
      /another kind than its name/,
    ],
    [
      'a playlist that points to another file',
      'playlist.mp4',
      (file) => writeFileSync(file, '#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfilm.ts\n#EXT-X-ENDLIST\n'),
      'input-unsupported',
      /another kind than its name/,
    ],
    [
      'a script that points to another file',
      'script.mkv',
      (file) => writeFileSync(file, "ffconcat version 1.0\nfile 'film.mp4'\n"),
      'input-unsupported',
      /another kind than its name/,
    ],
  ])('%s is refused in one sentence', async (_, name, make, code, message) => {
    make(at(name));
    await expectRefusal(at(name), code, message);
  });

  test('a pipe is refused instead of read for ever', async () => {
    await expectRefusal(
      '/dev/stdin',
      process.platform === 'win32' ? 'input-missing' : 'input-unsupported',
      /not a regular file/,
    );
  });
});

describe('a truncated file', () => {
  test.each([
    ['mp4', ['-movflags', '+faststart'], /cut off after frame|damaged at frame/],
    ['mp4', [], /its index \(moov\) is missing/],
    ['mp4', ['-movflags', 'frag_keyframe+empty_moov'], /"mdat" box lacks the last \d+ bytes/],
    ['mov', ['-movflags', '+faststart'], /cut off after frame|damaged at frame/],
    ['mkv', [], /cut off after frame \d+ \(at 0:00:0\d\.\d{3}\): its Matroska segment lacks the last \d+ bytes/],
    ['avi', [], /its RIFF chunk lacks the last \d+ bytes/],
    ['flv', [], /its header says|damaged at frame/],
    ['ts', [], /damaged at frame \d+ \(at |its audio stream 1 is incomplete/],
  ])('of .%s %j is refused, with the frame and time', async (extension, options, message) => {
    const whole = at(`whole-${options.join('')}.${extension}`);
    ffmpeg('-i', at('film.mp4'), '-map', '0', '-c', 'copy', ...options, whole);
    await expectTruncationsRefused(whole, message);
  });

  test.each([
    ['webm', ['-c:v', 'libvpx', '-deadline', 'realtime', '-c:a', 'libvorbis'], /its Matroska segment lacks/],
    ['ogv', ['-c:v', 'libtheora', '-c:a', 'libvorbis'], /its last Ogg page/],
    ['wmv', ['-c:v', 'wmv2', '-c:a', 'wmav2'], /its ASF file lacks/],
    ['mpg', ['-c:v', 'mpeg2video', '-c:a', 'mp2'], /damaged at frame|its audio stream 1 is incomplete/],
    ['gif', ['-an'], /its end mark is missing/],
    ['y4m', ['-an'], /its last frame is incomplete/],
    ['h264', ['-an', '-bsf:v', 'h264_mp4toannexb', '-c:v', 'copy'], /damaged at frame/],
  ])('of .%s is refused', async (extension, options, message) => {
    const whole = at(`whole.${extension}`);
    ffmpeg('-i', at('film.mp4'), ...options, whole);
    await expectTruncationsRefused(whole, message);
  });

  test('is refused also when it was recorded live, without sizes, and stops between frames', async () => {
    // A live Matroska's last cluster still has its own size.
    writeFileSync(at('live.mkv'), ffmpeg('-i', at('film.mp4'), '-c', 'copy', '-f', 'matroska', '-'));
    await expectTruncationsRefused(at('live.mkv'), /its last Matroska element lacks/);
  });

  test('is refused when only its middle is broken', async () => {
    const bytes = readFileSync(at('film.mp4'));
    // Past the first frames, before the last: a hole in the pictures, not in the framing.
    bytes.fill(0xa5, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 3000);
    writeFileSync(at('hole.mp4'), bytes);
    await expectRefusal(at('hole.mp4'), 'input-damaged', /is damaged at frame \d+ \(at 0:00:0\d/);
  });

  test('is refused every time, not only when the decoder knows of the damage soon enough', async () => {
    ffmpeg('-i', at('film.mp4'), '-an', '-bsf:v', 'h264_mp4toannexb', '-c:v', 'copy', at('every-time.h264'));
    truncateSync(at('every-time.h264'), Math.floor(statSync(at('every-time.h264')).size / 2));
    for (let time = 0; time < 5; time++) {
      await expectRefusal(at('every-time.h264'), 'input-damaged', /is damaged at frame \d+/);
    }
  });

  test('a whole file whose outermost size is wrong is upscaled all the same', async () => {
    ffmpeg('-i', at('film.mp4'), '-c', 'copy', '-movflags', '+faststart', at('long.mp4'));
    const bytes = readFileSync(at('long.mp4'));
    const mdat = bytes.indexOf('mdat') - 4;
    bytes.writeUInt32BE(bytes.readUInt32BE(mdat) + 5000, mdat);
    writeFileSync(at('long.mp4'), bytes);
    expect((await upscaleClip(at('long.mp4'), at('long-out.mkv'))).framesTotal).toBe(100);
  });
});

describe('an output that cannot be', () => {
  test.each([
    ['film-out.avi', 'usage', /can write/],
    ['film-out', 'usage', /can write/],
    ['film.mp4', 'usage', /is the input itself/],
    ['no-such-folder/out.mkv', 'output-unwritable', /work folder/],
  ])('%s is refused', async (name, code, message) => {
    await expect(upscaleClip(at('film.mp4'), at(name), { settings: { overwrite: true } })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect(statSync(at('film.mp4')).size).toBeGreaterThan(10_000);
  });

  test.each(['output', 'report'])('the file that gives a film its sound is no %s', async (what) => {
    ffmpeg('-i', at('film.mp4'), '-c', 'copy', at('sound.mkv'));
    const before = readFileSync(at('sound.mkv'));
    const settings = { overwrite: true, sound: at('sound.mkv'), report: what === 'report' ? at('sound.mkv') : null };
    const output = what === 'output' ? at('sound.mkv') : at('heard.mkv');
    await expect(upscaleClip(at('film.mp4'), output, { settings })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/is the input itself/),
    });
    expect(readFileSync(at('sound.mkv')).equals(before)).toBe(true);
  });

  test('an existing one is kept unless asked for', async () => {
    writeFileSync(at('mine.mkv'), 'keep me');
    await expect(upscaleClip(at('film.mp4'), at('mine.mkv'))).rejects.toMatchObject({ code: 'output-exists' });
    expect(readFileSync(at('mine.mkv'), 'utf8')).toBe('keep me');
    await upscaleClip(at('film.mp4'), at('mine.mkv'), { settings: { overwrite: true } });
    expect(statSync(at('mine.mkv')).size).toBeGreaterThan(10_000);
  });

  test('one that appears while the work runs is kept', async () => {
    const appear = () => writeFileSync(at('late.mkv'), 'somebody else’s');
    const onEvent = (event: { type: string }) => event.type === 'started' && appear();
    await expect(upscaleClip(at('film.mp4'), at('late.mkv'), { onEvent })).rejects.toMatchObject({
      code: 'output-exists',
    });
    expect(readFileSync(at('late.mkv'), 'utf8')).toBe('somebody else’s');
    expect(readdirSync(folder).filter((name) => name.startsWith('late'))).toEqual(['late.mkv', 'late.mkv.upreel']);
    // The work is done: told to, it only publishes.
    const again = await upscaleClip(at('film.mp4'), at('late.mkv'), { settings: { overwrite: true } });
    expect(again.events.find((event) => event.type === 'started')).toMatchObject({ framesKept: again.framesTotal });
    expect(readdirSync(folder).filter((name) => name.startsWith('late'))).toEqual(['late.mkv']);
  });
});

// A test that fails must not make the next one fail.
beforeEach(() => rmSync(at('refused.mkv'), { force: true }));

async function expectRefusal(input: string, code: string, message: RegExp): Promise<void> {
  const before = readdirSync(folder);
  const error = await upscaleClip(input, at('refused.mkv')).then(
    () => new Error('Expected a refusal.'),
    (error: unknown) => error,
  );
  expect(error).toMatchObject({
    code,
    message: expect.stringMatching(message),
    hint: expect.stringMatching(/\S+ \S+/),
  });
  expect((error as Error).message).not.toMatch(/\n|0x[0-9a-f]{6}|\n\s+at /);
  expect(readdirSync(folder)).toEqual(before);
}

/** Cuts at several places: wherever it falls, the film must not pass for whole. */
async function expectTruncationsRefused(whole: string, message: RegExp): Promise<void> {
  const { size } = statSync(whole);
  for (const share of [0.5, 0.83]) {
    const cut = whole.replace('whole', `cut-${share}`).replace('live', `cut-${share}`);
    copyFileSync(whole, cut);
    const bytes = Math.floor(size * share);
    truncateSync(cut, whole.endsWith('.ts') ? insideSoundOfTs(whole, bytes) : bytes);
    await expectRefusal(cut, 'input-damaged', message);
  }
  expect((await upscaleClip(whole, `${whole}.mkv`)).framesTotal).toBe(frameTimes(whole).length);
}

/**
 * A place from `start` on in ffmpeg's own MPEG-TS amid a packet of sound, of 16 cells or so: between packets nothing is
 * missing.
 */
function insideSoundOfTs(file: string, start: number): number {
  const bytes = readFileSync(file);
  for (let at = 188 * Math.floor(start / 188); at < bytes.length; at += 188) {
    if ((bytes.readUInt16BE(at + 1) & 0x5fff) === 0x4101) return at + 8 * 188;
  }
  throw new Error('Expected sound in the second half.');
}

describe('a file of 100,000 streams', () => {
  test('is refused or read in seconds and little memory', async () => {
    writeFileSync(at('streams.mkv'), matroskaWithTracks(100_000));
    const started = performance.now();
    await expect(upscaleClip(at('streams.mkv'), at('streams-out.mkv'))).rejects.toMatchObject({
      code: expect.stringMatching(/^input-/),
    });
    expect(performance.now() - started).toBeLessThan(30_000);
  });
});

/** Matroska's framing by hand: as many video tracks as wanted, and no frame. */
function matroskaWithTracks(count: number): Buffer {
  const element = (id: number[], ...content: Uint8Array[]) => {
    const body = Buffer.concat(content);
    const size = Buffer.alloc(8);
    size.writeUInt32BE(body.length, 4);
    size[0] = 0x01;
    return Buffer.concat([Buffer.from(id), size, body]);
  };
  const number = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  const text = (value: string) => Buffer.from(value);
  const header = element([0x1a, 0x45, 0xdf, 0xa3], element([0x42, 0x82], text('matroska')));
  const picture = element([0xe0], element([0xb0], number(64)), element([0xba], number(48)));
  const tracks = Array.from({ length: count }, (_, index) =>
    element(
      [0xae],
      element([0xd7], number(index + 1)),
      element([0x73, 0xc5], number(index + 1)),
      element([0x83], Buffer.from([1])),
      element([0x86], text('V_MPEG4/ISO/ASP')),
      picture,
    ),
  );
  return Buffer.concat([header, element([0x18, 0x53, 0x80, 0x67], element([0x16, 0x54, 0xae, 0x6b], ...tracks))]);
}
