import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TaskEvent } from '../../../src/core/events.ts';
import { concatList } from '../../../src/video/finish/join-plan.ts';
import { ffmpeg, frameTimes, H264, pattern, temporaryFolder, tone } from '../../support/clips.ts';
import { upscaleClip } from '../../support/upscale-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

/** Uneven, and from the middle on twenty times slower: decoding times of B-frames then reach back before the cut. */
const UNEVEN = "settb=1/16000,setpts='PTS+mod(N,3)*0.0071/TB+if(gt(N,30),(N-30)*0.5/TB,0)'";
const PASS = ['-fps_mode', 'passthrough', '-enc_time_base', '1/16000'];

describe('a film of several segments', () => {
  test.each([
    ['uneven.mkv', ['-vf', UNEVEN, ...PASS], 'mp4', 'libx264'],
    ['uneven.mp4', ['-vf', UNEVEN, ...PASS, '-video_track_timescale', '16000'], 'mkv', 'ffv1'],
    ['late.mp4', ['-vf', 'setpts=PTS+0.4/TB'], 'mp4', 'libx264'],
    ['broadcast.ts', [], 'mkv', 'libx264'],
    ['fraction.mp4', ['-r', '30000/1001'], 'mp4', 'libx265'],
  ])('%s keeps the time of every frame, and of every packet of sound', async (name, options, extension, encoder) => {
    const source = at(name);
    ffmpeg(
      ...pattern(4, { size: '32x24', rate: '15' }),
      ...tone(4),
      ...options,
      ...H264,
      '-g',
      '8',
      '-c:a',
      'aac',
      source,
    );
    const output = at(`${name}.out.${extension}`);
    const { events } = await upscaleClip(source, output, { settings: { segmentSeconds: 0.9, encoder } });
    expect(events.find((event) => event.type === 'started')).toMatchObject({ framesKept: 0 });

    const [before, after] = [frameTimes(source), frameTimes(output)];
    const isBroadcast = name.endsWith('.ts');
    const offset = isBroadcast ? Math.min(before[0]!, soundTimes(source)[0]!) : 0;
    expect(largest(before, after, offset)).toBeLessThanOrEqual(0.001 + 1e-6);
    // One frame of AAC at 44.1 kHz lasts 23 ms; nothing may have moved by as much, at either end.
    expect(largest(soundTimes(source), soundTimes(output), offset)).toBeLessThan(0.002);
  });
});

test.each(['mkv', 'mp4'])('subtitles in .%s keep their times at both ends of a late film', async (extension) => {
  writeFileSync(at('lines.srt'), '1\n00:00:00,420 --> 00:00:01,000\nFirst\n\n2\n00:00:03,700 --> 00:00:04,250\nLast\n');
  const maps = ['-map', '0:v', '-map', '1:a', '-map', '2:s'];
  const late = ['-vf', 'setpts=PTS+0.4/TB', ...H264, '-c:a', 'aac', '-c:s', 'srt'];
  ffmpeg(
    ...pattern(4, { size: '32x24', rate: '15' }),
    ...tone(4),
    '-i',
    at('lines.srt'),
    ...maps,
    ...late,
    at('sub.mkv'),
  );
  const output = at(`sub-out.${extension}`);
  await upscaleClip(at('sub.mkv'), output, { settings: { segmentSeconds: 0.9, levels: 'clip' } });
  // A frame of AAC lasts 23 ms; mov_text fills the gaps with empty packets.
  const [before, after] = [cuesOf(at('sub.mkv')), cuesOf(output)];
  expect(after).toHaveLength(before.length);
  expect(Math.max(...after.map((time, index) => Math.abs(time - before[index]!)))).toBeLessThan(0.002);
});

test('the list for ffmpeg lets no rounding add up', () => {
  const files = Array.from({ length: 1000 }, (_, index) => ({ file: `s-${index}.mp4`, startSeconds: 5 + index / 3 }));
  const durations = [...concatList(files).matchAll(/duration ([\d.]+)/g)].map((match) => Number(match[1]));
  const total = durations.reduce((sum, duration) => sum + Math.round(duration * 1e6), 0) / 1e6;
  expect(durations).toHaveLength(999);
  expect(Math.abs(total - 333)).toBeLessThan(2e-6);
});

function largest(expected: readonly number[], actual: readonly number[], offset: number): number {
  expect(actual).toHaveLength(expected.length);
  return Math.max(...expected.map((time, index) => Math.abs(time - offset - (actual[index] ?? Number.NaN))));
}

function soundTimes(file: string): number[] {
  const show = ['-select_streams', 'a:0', '-show_entries', 'packet=pts_time', '-of', 'compact=p=0:nk=1'];
  const lines = execFileSync('ffprobe', ['-v', 'error', ...show, `file:${file}`], { encoding: 'utf8' })
    .trim()
    .split('\n');
  // Side data of a packet makes a line of its own.
  return lines.filter((line) => line !== '').map((line) => Number(line.split('|')[0]));
}

/** When each line of the first subtitle stream appears and goes, as ffmpeg reads it back. */
function cuesOf(file: string): number[] {
  const text = ffmpeg('-copyts', '-i', file, '-map', '0:s:0', '-f', 'srt', '-').toString();
  return [...text.matchAll(/(\d+):(\d+):(\d+),(\d+)/g)].map(
    ([, hours, minutes, seconds, ms]) =>
      3600 * Number(hours) + 60 * Number(minutes) + Number(seconds) + Number(ms) / 1000,
  );
}

test('a segment whose record does not tell its last frame, as those of earlier versions, is joined alike', async () => {
  ffmpeg(...pattern(1, { size: '32x24', rate: '10' }), ...H264, at('old.mp4'));
  await upscaleClip(at('old.mp4'), at('new-record.mp4'));
  const stop = new AbortController();
  const onEvent = (event: TaskEvent) =>
    event.type === 'progress' && event.stage === 'join' && stop.abort(new Error('x'));
  const stopped = upscaleClip(at('old.mp4'), at('old-record.mp4'), { drain: stop.signal, onEvent });
  await expect(stopped).rejects.toThrow();
  const record = at('old-record.mp4.upreel/segment-00000.json');
  const { lastFrame, ...old } = JSON.parse(readFileSync(record, 'utf8'));
  expect(lastFrame).toMatchObject({ packetIndex: expect.any(Number), seconds: expect.closeTo(0.9) });
  writeFileSync(record, JSON.stringify(old));
  const { events } = await upscaleClip(at('old.mp4'), at('old-record.mp4'));
  expect(events.find((event) => event.type === 'started')).toMatchObject({ framesKept: 10 });
  expect(readFileSync(at('old-record.mp4')).equals(readFileSync(at('new-record.mp4')))).toBe(true);
});
