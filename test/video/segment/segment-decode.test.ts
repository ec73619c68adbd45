import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ffmpeg, temporaryFolder } from '../../support/clips.ts';
import { upscaleClip } from '../../support/upscale-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const X264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-bf', '3', '-g', '12', '-pix_fmt', 'yuv420p'];

/** Noise on top, so that no two frames are the same and a wrong one shows. */
const SOURCE = ['-f', 'lavfi', '-i', 'testsrc2=size=64x48:rate=12:duration=5,noise=alls=20:allf=t:all_seed=1'];

describe('segments decode to exactly the frames of the whole', () => {
  test.each([
    ['closed.mp4', X264],
    ['open-gop.mkv', [...X264, '-x264-params', 'open-gop=1']],
    ['open-gop.ts', [...X264, '-x264-params', 'open-gop=1']],
    ['no-keyframes.mp4', [...X264, '-g', '999']],
    ['intra-refresh.mkv', [...X264, '-bf', '0', '-intra-refresh', '1']],
    [
      'hevc-open-gop.mkv',
      ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=error:keyint=12:bframes=3'],
    ],
    ['mpeg2.mpg', ['-c:v', 'mpeg2video', '-r', '25', '-bf', '2', '-g', '15', '-b:v', '2M']],
    ['mpeg4-packed.avi', ['-c:v', 'mpeg4', '-bf', '2', '-g', '12']],
    [
      'vp8-hidden.webm',
      [
        '-c:v',
        'libvpx',
        '-deadline',
        'good',
        '-cpu-used',
        '5',
        '-g',
        '12',
        '-auto-alt-ref',
        '1',
        '-lag-in-frames',
        '10',
      ],
    ],
    ['vp9.webm', ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-g', '12']],
    ['elementary.h264', X264],
    ['drawn.gif', []],
  ])('%s', async (name, options) => {
    ffmpeg(...SOURCE, ...options, at(name));
    await expectSame(at(name));
  });

  test.each<[string, Record<string, unknown>]>([
    ['deinterlaced', { deinterlace: 'on' }],
    ['one frame per field', { deinterlace: 'bob' }],
    ['another frame rate', { fps: { num: 20, den: 1 } }],
    ['a filter that remembers', { pre: 'hqdn3d=4' }],
    ['a part', { trim: { startSeconds: 0.7, endSeconds: 4.5 } }],
  ])('of a film that is changed: %s', async (name, settings) => {
    const source = at(`${name}.mp4`);
    ffmpeg(...SOURCE, ...X264, source);
    await expectSame(source, settings);
  });
});

async function expectSame(source: string, changes: Record<string, unknown> = {}): Promise<void> {
  const run = async (output: string, segmentSeconds: number) => {
    const settings = { encoder: 'ffv1', segmentSeconds, ...changes };
    const { framesTotal } = await upscaleClip(source, output, { settings });
    return { framesTotal, frames: timedHashes(output) };
  };
  const whole = await run(`${source}.whole.mkv`, 3600);
  const parts = await run(`${source}.parts.mkv`, 1.6);
  expect(whole.framesTotal).toBeGreaterThan(40);
  expect(parts).toEqual(whole);
}

/** Time, in the file's own ticks, and hash of each frame, in order. */
function timedHashes(file: string): string[] {
  const lines = ffmpeg('-copyts', '-i', file, '-map', '0:v:0', '-fps_mode', 'passthrough', '-f', 'framemd5', '-')
    .toString()
    .split('\n');
  const frames = lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split(/,\s*/));
  return frames.map(([, , ticks, , , hash]) => `${ticks} ${hash}`);
}
