import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { randomCompact } from '../core/model/writers/random-networks.ts';
import { writeSafetensors } from '../core/model/writers/safetensors-writer.ts';
import { decodeRgb, ffmpeg, frameTimes, pattern, temporaryFolder } from '../support/clips.ts';
import { CLI } from '../support/dist.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

beforeAll(() => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(at('tiny.safetensors'), writeSafetensors(randomCompact(16, 2, 2, 7)));
  ffmpeg(...pattern(2, { size: '96x64', rate: '15' }), '-pix_fmt', 'yuv420p', at('film.y4m'));
});

/** Runs a shell's pipeline, in which `upreel` is the built command; fails as its first failing part does. */
function shell(pipeline: string): Promise<{ readonly code: number; readonly err: string }> {
  const command = `upreel() { '${process.execPath}' '${CLI}' "$@" -m tiny.safetensors --device cpu; }; set -o pipefail; ${pipeline}`;
  const env = { ...process.env, UPREEL_CACHE: at('cache') };
  return new Promise((resolve) => {
    execFile('bash', ['-c', command], { cwd: folder, env, maxBuffer: 1 << 28 }, (error, _, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), err });
    });
  });
}

describe('pipes', () => {
  test('of ffmpeg, upreel and ffmpeg again give the film that the files give', async () => {
    const piped =
      'ffmpeg -v error -i film.y4m -f yuv4mpegpipe - | upreel - -o - --levels clip | ffmpeg -v error -i - -c:v ffv1 piped.mkv';
    expect(await shell(piped)).toMatchObject({ code: 0 });
    expect(await shell('upreel film.y4m -o named.mkv --encoder ffv1 --levels clip --no-tui')).toMatchObject({
      code: 0,
    });
    expect(frameTimes(at('piped.mkv'))).toHaveLength(30);
    expect(decodeRgb(at('piped.mkv')).equals(decodeRgb(at('named.mkv')))).toBe(true);
  });

  test('have nothing but the film on standard output: events in JSON go to standard error', async () => {
    const { code, err } = await shell('upreel film.y4m -o - --json > only.y4m');
    expect(code).toBe(0);
    const records = err
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; code?: number });
    expect(records.at(-1)).toMatchObject({ type: 'exit', code: 0 });
    expect(readFileSync(at('only.y4m')).subarray(0, 9).toString()).toBe('YUV4MPEG2');
    expect(frameTimes(at('only.y4m'))).toHaveLength(30);
  });

  test('whose reader stops end upreel with exit code 141 and a sentence', async () => {
    const { code, err } = await shell('upreel film.y4m -o - --no-reuse | head -c 100 > /dev/null');
    expect(code).toBe(141);
    expect(err).toContain('Whoever read standard output has stopped');
    expect(err).not.toMatch(/\n\s+at |Broken pipe/);
  });

  test('that break off end with exit code 3, and a result file does not appear', async () => {
    const { code, err } = await shell('head -c 50000 film.y4m | upreel - -o broken.mkv');
    expect([code, err]).toEqual([3, expect.stringMatching(/after frame 5: it ends inside a frame/)]);
    expect(readdirSync(folder).filter((name) => name.includes('broken'))).toEqual([]);
  });

  test.each([
    ['upreel - < film.y4m', 'needs -o'],
    ['upreel - film.y4m -o out.mkv < film.y4m', 'carry one video'],
    ['upreel - -o out.mkv --crop auto < film.y4m', '--crop auto needs to look'],
  ])('%s is refused', async (pipeline, message) => {
    const { code, err } = await shell(pipeline);
    expect([code, err]).toEqual([2, expect.stringContaining(message)]);
  });
});

test('a folder and an encoder of pictures are enough to name a sequence', async () => {
  expect(await shell('upreel film.y4m -o frames --encoder png --no-tui')).toMatchObject({ code: 0 });
  expect(readdirSync(at('frames'))).toHaveLength(30);
  expect(await shell('upreel film.y4m --encoder tiff --depth 16 --no-tui')).toMatchObject({ code: 0 });
  expect(readdirSync(at('film.upreel-2x'))).toContain('000030.tiff');
});
