import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ffmpeg, H264, temporaryFolder } from '../support/clips.ts';
import { upscaleClip } from '../support/upscale-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const MPEG2 = ['-c:v', 'mpeg2video', '-bf', '2'];
const MPEG4 = ['-c:v', 'mpeg4', '-bf', '2'];
const VP8 = ['-c:v', 'libvpx', '-deadline', 'realtime'];
/** A broadcast's clock that begins at 0 all the same. */
const FROM_ZERO = ['-muxdelay', '0', '-muxpreload', '0'];
const PART = { trim: { startSeconds: 0.13, endSeconds: 0.9 } };

/** A white flash at frame 10 and a beep at the same time, in a second; either may come later. */
function clap({ picture = 0, sound = 0 } = {}): string[] {
  const white = "drawbox=c=white:t=fill:enable='between(n,10,14)'";
  const beep = '0.5*sin(2*PI*997*t)*between(t,0.4,0.5)';
  return [
    ...['-itsoffset', `${picture}`, '-f', 'lavfi', '-i', `color=black:s=32x24:r=25:d=1,${white}`],
    ...['-itsoffset', `${sound}`, '-f', 'lavfi', '-i', `aevalsrc='${beep}':s=48000:d=1`],
  ];
}

/** A finished clap, cut or with one stream moved, without coding anew. */
function recut(...options: string[]): string[] {
  ffmpeg(...clap(), ...H264, '-c:a', 'aac', at('clap.mp4'));
  return [...options, '-c', 'copy'];
}
const [PICTURE, SOUND] = [
  ['-map', '0:v'],
  ['-map', '1:a'],
];
const source = () => ['-i', at('clap.mp4')];

test.each([
  ['b-frames.avi', 'mkv', () => [...clap(), ...MPEG4, '-c:a', 'pcm_s16le'], {}],
  ['b-frames-h264.avi', 'mp4', () => [...clap(), ...H264, '-c:a', 'mp3'], {}],
  ['b-frames.mov', 'mov', () => [...clap(), ...MPEG2, '-c:a', 'pcm_s16le'], {}],
  ['late-sound.mpg', 'mkv', () => [...clap({ sound: 0.2 }), ...MPEG2, '-c:a', 'mp2'], {}],
  ['late-picture.vob', 'mp4', () => [...clap({ picture: 0.2 }), ...MPEG2, '-c:a', 'ac3'], {}],
  ['late-sound.ts', 'mp4', () => [...clap({ sound: 0.2 }), ...H264, '-c:a', 'ac3'], {}],
  ['part.ts', 'mkv', () => [...clap({ sound: 0.2 }), ...H264, '-c:a', 'ac3'], PART],
  ['sound-from-zero.ts', 'mkv', () => [...clap({ picture: 0.2 }), ...MPEG2, ...FROM_ZERO, '-c:a', 'mp2'], {}],
  ['picture-from-zero.ts', 'mkv', () => [...clap({ sound: 0.2 }), ...MPEG2, ...FROM_ZERO, '-c:a', 'mp2'], {}],
  ['edit-list.mp4', 'mkv', () => recut('-ss', '0.2', ...source()), {}],
  ['early-sound.mov', 'mp4', () => recut(...source(), '-itsoffset', '-0.2', ...source(), ...PICTURE, ...SOUND), {}],
  [
    ...(['before-zero.mkv', 'webm'] as const),
    ...([
      () => [
        ...recut(...source(), '-itsoffset', '-0.2', ...source(), ...PICTURE, ...SOUND),
        ...['-copyts', '-avoid_negative_ts', 'disabled'],
      ],
      {},
    ] as const),
  ],
  ['part.webm', 'mkv', () => [...clap({ picture: 0.2 }), ...VP8, '-c:a', 'libopus'], PART],
])('%s keeps picture and sound together in .%s', async (name, extension, options, settings) => {
  ffmpeg(...options(), at(name));
  const output = at(`${name}.out.${extension}`);
  await upscaleClip(at(name), output, { settings: { levels: 'clip', reuse: false, ...settings } });
  expect(Math.abs(delay(output) - delay(at(name)))).toBeLessThan(0.001);
});

/** Seconds from the flash to the beep, as a player shows them. */
function delay(file: string): number {
  const gray = ffmpeg('-i', file, '-map', '0:v:0', '-vf', 'scale=1:1,format=gray', '-fps_mode', 'passthrough', ...RAW);
  const pcm = ffmpeg('-i', file, '-map', '0:a:0', '-ac', '1', '-ar', `${SOUND_RATE}`, '-f', 's16le', '-');
  const samples = new Int16Array(pcm.buffer.slice(pcm.byteOffset, pcm.byteOffset + pcm.length));
  const flash = gray.findIndex((level) => level > 128);
  const beep = samples.findIndex((sample) => Math.abs(sample) > 8000);
  expect(Math.min(flash, beep)).toBeGreaterThan(0);
  return shownTimes(file, 'a:0')[0]! + beep / SOUND_RATE - shownTimes(file, 'v:0')[flash]!;
}

const RAW = ['-f', 'rawvideo', '-'];
const SOUND_RATE = 48_000;

function shownTimes(file: string, stream: string): number[] {
  const show = ['-select_streams', stream, '-show_entries', 'frame=best_effort_timestamp_time', '-of', 'json'];
  const { frames } = JSON.parse(execFileSync('ffprobe', ['-v', 'error', ...show, file], { encoding: 'utf8' }));
  return frames.map((frame: { best_effort_timestamp_time: string }) => Number(frame.best_effort_timestamp_time));
}
