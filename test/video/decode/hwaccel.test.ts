import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { decodeRgb, ffmpeg, H264, pattern, temporaryFolder } from '../../support/clips.ts';
import { upscaleClip } from '../../support/upscale-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  ffmpeg(...pattern(2), ...H264, '-preset', 'veryfast', '-crf', '40', at('film.mp4'));
  await upscaleClip(at('film.mp4'), at('software.mkv'), { settings: { encoder: 'ffv1', levels: 'clip' } });
});
afterEach(() => vi.unstubAllEnvs());

/** An ffmpeg whose "vaapi" is what the test makes of it, since there may be no hardware. */
function useFfmpegWith(vaapi: string): void {
  const path = at('ffmpeg-with-hardware');
  writeFileSync(
    path,
    `#!/bin/bash
case " $* " in
*' -hwaccels '*) echo 'Hardware acceleration methods:'; echo vaapi; exit;;
*' -hwaccel vaapi '*) args=(); skip=0
  for arg in "$@"; do
    if [ $skip = 1 ]; then skip=0; continue; fi
    if [ "$arg" = -hwaccel ]; then skip=1; ${vaapi}; continue; fi
    args+=("$arg")
  done; exec ffmpeg "\${args[@]}";;
esac
exec ffmpeg "$@"
`,
  );
  chmodSync(path, 0o755);
  vi.stubEnv('FFMPEG_PATH', path);
  vi.stubEnv('FFPROBE_PATH', 'ffprobe');
}

async function upscaleWith(hwaccel: string) {
  const output = at(`${Math.random()}.mkv`);
  const { events } = await upscaleClip(at('film.mp4'), output, {
    settings: { encoder: 'ffv1', levels: 'clip', hwaccel },
  });
  expect(decodeRgb(output).equals(decodeRgb(at('software.mkv')))).toBe(true);
  const warnings = events.filter((event) => event.type === 'warning');
  const started = events.findIndex((event) => event.type === 'started');
  const firstProgress = events.findIndex((event) => event.type === 'progress');
  // Said before the work.
  expect(events.indexOf(warnings[0]!)).toBeGreaterThan(started);
  expect(events.indexOf(warnings.at(-1)!)).toBeLessThan(firstProgress);
  return warnings.map(({ code, message }) => ({ code, message }));
}

test.each(['auto', 'vaapi'])('hardware that gives the same frames is taken: %s', async (name) => {
  useFfmpegWith(':');
  const warnings = await upscaleWith(name);
  expect(warnings).toEqual([{ code: 'hwaccel', message: expect.stringContaining('first 48 frames are those') }]);
});

test('hardware that gives other frames is not', async () => {
  useFfmpegWith('args+=(-skip_loop_filter all)');
  const warnings = await upscaleWith('vaapi');
  expect(warnings).toEqual([
    { code: 'hwaccel-replaced', message: expect.stringMatching(/vaapi: its frame \d+ differs\): .* in software/) },
  ]);
});

test.each(['cuda', 'vdpau', 'qsv'])(
  'hardware that is not there is replaced by software, and that is said: %s',
  async (name) => {
    const warnings = await upscaleWith(name);
    expect(warnings).toEqual([{ code: 'hwaccel-replaced', message: expect.stringContaining(`(${name}: `) }]);
  },
);
