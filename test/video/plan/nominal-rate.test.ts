import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { markMatroskaRate } from '../../../src/video/finish/matroska-rate.ts';
import { nominalRate } from '../../../src/video/plan/nominal-rate.ts';
import { parseRational, type Rational } from '../../../src/video/rational.ts';
import { ffmpeg, frameTimes, H264, pattern, temporaryFolder, tone } from '../../support/clips.ts';
import { upscaleClip } from '../../support/upscale-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const RATES = [
  ...['24000/1001', '24/1', '25/1', '30000/1001', '50/1', '60000/1001', '300003/10000', '15/1', '25/2'],
] as const;
const TINY = { size: '32x24' };
const VP8 = ['-c:v', 'libvpx', '-deadline', 'realtime'];
const WOVEN = ['-vf', 'tinterlace=interleave_top', ...H264, '-flags', '+ilme+ildct'];
const VARYING = ['-vf', 'setpts=PTS*(1+0.3*sin(N))', '-fps_mode', 'vfr', ...H264];
const KEEP = { levels: 'clip', reuse: false } as const;

test.each([
  ['24000/1001', 'mkv', 'mkv', 0.5],
  ['24000/1001', 'flv', 'mp4', 1],
  ['24/1', 'mkv', 'webm', 0.5],
  ['25/1', 'flv', 'mkv', 0.5],
  ['30000/1001', 'webm', 'mkv', 0.5],
  ['30000/1001', 'mkv', 'mov', 1],
  ['50/1', 'mp4', 'webm', 0.5],
  ['60000/1001', 'flv', 'webm', 0.5],
  ['60000/1001', 'webm', 'mp4', 1],
  ['300003/10000', 'mp4', 'mkv', 0.5],
  ['15/1', 'flv', 'webm', 0.5],
  ['25/2', 'mkv', 'mkv', 0.5],
])('a film of %s frames a second in .%s says so in .%s', async (rate, from, to, seconds) => {
  const name = rate.replace('/', '-');
  const [source, output] = [at(`${name}.${from}`), at(`${name}-${from}.${to}`)];
  ffmpeg(...pattern(seconds, { ...TINY, rate }), ...(from === 'webm' ? VP8 : H264), source);
  await upscaleClip(source, output, { settings: KEEP });
  expectRate(output, parseRational(rate)!);
});

test.each([
  [
    'a part',
    'part.mkv',
    [...pattern(1.5, { ...TINY, rate: '24000/1001' }), ...H264],
    { trim: { startSeconds: 0.5, endSeconds: 1.3 } },
    '24000/1001',
  ],
  [
    'another rate',
    'fps.flv',
    [...pattern(1, { ...TINY, rate: '25' }), ...H264],
    { fps: { num: 30_000, den: 1001 } },
    '30000/1001',
  ],
  ['bob', 'bob.flv', [...pattern(1, { ...TINY, rate: '60000/1001' }), ...WOVEN], { deinterlace: 'bob' }, '60000/1001'],
  [
    ...(['film', 'film.flv', [...pattern(1, { rate: '24000/1001' }), '-vf', 'telecine', ...H264]] as const),
    ...([{ ivtc: 'on' }, '24000/1001'] as const),
  ],
  [
    ...(['sound', 'sound.mkv', [...pattern(1, { ...TINY, rate: '30000/1001' }), ...tone(1), ...H264]] as const),
    ...([{}, '30000/1001'] as const),
  ],
  [
    'segments',
    'cut.flv',
    [...pattern(1.5, { ...TINY, rate: '24000/1001' }), ...H264],
    { segmentSeconds: 0.4 },
    '24000/1001',
  ],
  // ffprobe's base rate of it is that of the fields.
  ['whole frames', 'woven.ts', [...pattern(1, { ...TINY, rate: '50' }), ...WOVEN], { deinterlace: 'on' }, '25/1'],
])('a film with rounded times has a rate without rounding: %s', async (_, name, options, settings, rate) => {
  ffmpeg(...options, ...(name === 'sound.mkv' ? ['-c:a', 'libopus'] : []), at(name));
  await upscaleClip(at(name), at(`${name}.out.mkv`), { settings: { ...KEEP, ...settings } });
  expectRate(at(`${name}.out.mkv`), parseRational(rate)!);
});

test.each(['varying.mp4', 'varying.mkv'])('%s is said to be of the rate that a copy says', async (name) => {
  ffmpeg(...pattern(1.5, TINY), ...VARYING, at(name));
  ffmpeg('-i', at(name), '-c', 'copy', at(`${name}.copy.mkv`));
  await upscaleClip(at(name), at(`${name}.out.mkv`), { settings: KEEP });
  expect(defaultDuration(at(`${name}.out.mkv`))).toBe(defaultDuration(at(`${name}.copy.mkv`)));
  expect(frameTimes(at(`${name}.out.mkv`))).toEqual(frameTimes(at(`${name}.copy.mkv`)));
});

test('a marked file has the bytes that ffmpeg writes for that rate, checksums included', async () => {
  for (const [name, rate] of [
    ['slow', '25'],
    ['fast', '30'],
  ] as const) {
    ffmpeg(...pattern(0.4, { ...TINY, rate }), '-c:v', 'ffv1', '-fflags', '+bitexact', at(`${name}.mkv`));
  }
  const [before, fast] = [readFileSync(at('slow.mkv')), readFileSync(at('fast.mkv'))];
  await markMatroskaRate(at('slow.mkv'), { num: 30, den: 1 });
  const after = readFileSync(at('slow.mkv'));
  expect(tracksOf(after)).toEqual(tracksOf(fast));
  expect(tracksOf(after)).not.toEqual(tracksOf(before));
  await markMatroskaRate(at('slow.mkv'), { num: 25, den: 1 });
  expect(readFileSync(at('slow.mkv')).equals(before)).toBe(true);
});

test('what has no place for a rate stays as it is', async () => {
  ffmpeg(...pattern(0.2, TINY), ...H264, at('film.mp4'));
  ffmpeg(...tone(0.2), at('sound.mka'));
  for (const [name, rate] of [
    ['film.mp4', { num: 25, den: 1 }],
    ['sound.mka', { num: 25, den: 1 }],
    // A frame of two minutes takes more bytes than one of 40 ms.
    ['slow.mkv', { num: 1, den: 120 }],
  ] as const) {
    copyFileSync(at(name), at('copy'));
    await markMatroskaRate(at('copy'), rate);
    expect(readFileSync(at('copy')).equals(readFileSync(at(name)))).toBe(true);
  }
});

const rates = fc.constantFrom(...RATES).map((text) => parseRational(text)!);
const ticksPerSecond = fc.constantFrom(1000, 600, 90_000, 16_000);

test('a rate is told from times that were rounded anyhow, wherever they begin, if a few frames are missing, too', () => {
  const round = fc.constantFrom(Math.round, Math.floor, Math.ceil);
  // In 1/600 s a thousand frames of 30.0003 a second lie just where those of 30 do.
  const canBeTold = (rate: Rational, den: number) => den !== 600 || rate.num !== 300_003;
  fc.assert(
    fc.property(rates, ticksPerSecond, round, fc.nat(5000), fc.nat(1000), (rate, den, rounded, first, gap) => {
      fc.pre(canBeTold(rate, den));
      const frames = Array.from({ length: 1000 }, (_, index) => first + index + (index > gap ? 1 : 0));
      const times = timesOf(
        frames.map((frame) => rounded((frame * rate.den * den) / rate.num)),
        den,
      );
      expect(nominalRate(averageOf(times), rate, times)).toEqual(rate);
    }),
  );
});

test('no rate is told of times that lie on no grid', () => {
  fc.assert(
    fc.property(rates, fc.integer({ min: 1, max: 40 }), (rate, percent) => {
      const frames = Array.from({ length: 100 }, (_, index) => index + (percent / 100) * (index % 2));
      const times = timesOf(
        frames.map((frame) => Math.round((frame * rate.den * 90_000) / rate.num)),
        90_000,
      );
      fc.pre((percent * rate.den) / rate.num > 0.21);
      expect(nominalRate(averageOf(times), rate, times)).toBeNull();
    }),
  );
});

function timesOf(ticks: readonly number[], den: number) {
  return { ptsTicks: Float64Array.from(ticks), timeBase: { num: 1, den } };
}

function averageOf({ ptsTicks, timeBase }: ReturnType<typeof timesOf>): Rational {
  return { num: (ptsTicks.length - 1) * timeBase.den, den: ptsTicks.at(-1)! - ptsTicks[0]! };
}

function expectRate(file: string, { num, den }: Rational): void {
  if (/\.(mkv|webm)$/.test(file)) {
    expect(defaultDuration(file)).toBe(Math.floor((1e9 * den) / num));
    return;
  }
  // These hold nothing but times, from which readers make a rate of their own.
  const { base, average } = ffprobeRates(file);
  expect(base).toBeCloseTo(num / den, 6);
  // Half a second, less what rounding took of the last frame.
  expect(Math.abs(average - num / den) / (num / den)).toBeLessThan(0.003);
}

function ffprobeRates(file: string): { base: number; average: number } {
  const show = ['-select_streams', 'v', '-show_entries', 'stream=r_frame_rate,avg_frame_rate', '-of', 'json'];
  const { streams } = JSON.parse(execFileSync('ffprobe', ['-v', 'error', ...show, file], { encoding: 'utf8' }));
  const [base, average] = [streams[0].r_frame_rate, streams[0].avg_frame_rate].map((text) => parseRational(text)!);
  return { base: base!.num / base!.den, average: average!.num / average!.den };
}

/** Nanoseconds. Its id is in no other place before the frames. */
function defaultDuration(file: string): number {
  const bytes = readFileSync(file);
  const place = bytes.indexOf(Buffer.from('23e383', 'hex')) + 3;
  return bytes.readUIntBE(place + 1, bytes[place]! & 0x7f);
}

/** From the Tracks element to the first cluster. */
function tracksOf(bytes: Buffer): string {
  return bytes.toString(
    'hex',
    bytes.indexOf(Buffer.from('1654ae6b', 'hex'), 200),
    bytes.indexOf(Buffer.from('1254c367', 'hex'), 250),
  );
}
