import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { randomCompact } from '../core/model/writers/random-networks.ts';
import { writeSafetensors } from '../core/model/writers/safetensors-writer.ts';
import { decodeRgb, ffmpeg, H264, pattern, temporaryFolder } from '../support/clips.ts';
import { startUpreel, upreel } from '../support/command.ts';
import { allEnded, descendantRunning, descendantsOf, until } from '../support/processes.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
/** A cache of its own: the network is written for this test. */
const ENV = { UPREEL_CACHE: at('cache') };
/** Small and slow enough to be interrupted: one thread, and frames of a few tiles. */
const SLOW = [
  '-m',
  at('tiny.safetensors'),
  '--device',
  'cpu',
  '--encoder',
  'ffv1',
  '--threads',
  '1',
  '--segment-seconds',
  '1',
];

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(at('tiny.safetensors'), writeSafetensors(randomCompact(16, 4, 2, 7)));
  ffmpeg(...pattern(6, { size: '192x144', rate: '15' }), ...H264, '-g', '15', at('film.mp4'));
  expect(await upreel(args('whole.mkv'), ENV)).toMatchObject({ code: 0 });
});

const args = (output: string, ...more: string[]) => [at('film.mp4'), '-o', at(output), ...SLOW, '--json', ...more];
const frames = (file: string) => decodeRgb(at(file));
const committed = (output: string): number => {
  const path = `${at(output)}.upreel`;
  return existsSync(path) ? readdirSync(path).filter((name) => /^segment-\d+\.json$/.test(name)).length : 0;
};

describe('an unfinished video', () => {
  test('goes on after kill -9 with `upreel resume`, and is frame for frame the one that was never killed', async () => {
    const running = startUpreel(args('killed.mkv'), ENV);
    await until(() => committed('killed.mkv') > 0, 60_000);
    const family = descendantsOf(running.pid);
    running.child.kill('SIGKILL');
    // At once: the lock must not outlive its holder by more than the engine's clean-up.
    const { code, records } = await upreel(['resume', at('killed.mkv'), '--json'], ENV);
    expect(code).toBe(0);
    expect(records.find((record) => record.type === 'started')).toMatchObject({ framesTotal: 90 });
    expect(records.find((record) => record.type === 'started')?.framesKept).toBeGreaterThan(0);
    await allEnded(family, 5000);
    expect(frames('killed.mkv').equals(frames('whole.mkv'))).toBe(true);
    expect(readdirSync(folder).filter((name) => name.includes('killed'))).toEqual(['killed.mkv']);
  });

  test('goes on after an engine was killed under it, and keeps what that one had finished', async () => {
    const running = startUpreel(args('engine.mkv'), ENV);
    await until(() => committed('engine.mkv') > 0, 60_000);
    const engine = engineOf(running.pid);
    process.kill(engine, 'SIGKILL');
    const { code, records } = await running.finished;
    expect(code).toBe(0);
    const started = records.filter((record) => record.type === 'started');
    expect(started).toHaveLength(2);
    expect(started[1]?.framesKept).toBeGreaterThan(0);
    expect(frames('engine.mkv').equals(frames('whole.mkv'))).toBe(true);
  });

  test('goes on after its engine hung, which is found out', async () => {
    const running = startUpreel(args('hung.mkv', '--stall-seconds', '3'), ENV);
    await until(() => committed('hung.mkv') > 0, 60_000);
    const engine = engineOf(running.pid);
    process.kill(engine, 'SIGSTOP');
    const { code, records } = await running.finished;
    expect(code).toBe(0);
    expect(records.find((record) => record.code === 'engine-restarted')?.message).toContain(
      'has not answered for 3 seconds',
    );
    expect(frames('hung.mkv').equals(frames('whole.mkv'))).toBe(true);
  });

  test('drains on the first Ctrl-C, stops at once on the second, and goes on with the same command', async () => {
    const running = startUpreel(args('drained.mkv'), ENV);
    await until(() => committed('drained.mkv') > 0, 60_000);
    running.child.kill('SIGINT');
    const drained = await running.finished;
    expect(drained.code).toBe(130);
    expect(drained.records.some((record) => record.code === 'draining')).toBe(true);
    const kept = committed('drained.mkv');
    expect(kept).toBeGreaterThan(1);

    const again = startUpreel(args('drained.mkv'), ENV);
    await until(() => /"stage":"upscale"/.test(again.out()), 60_000);
    again.child.kill('SIGINT');
    await until(() => again.out().includes('draining'), 5000);
    again.child.kill('SIGINT');
    const aborted = await again.finished;
    expect(aborted).toMatchObject({ code: 130 });
    expect(committed('drained.mkv')).toBeGreaterThanOrEqual(kept);

    const last = await upreel(args('drained.mkv'), ENV);
    expect(last.records.find((record) => record.type === 'started')?.framesKept).toBeGreaterThanOrEqual(kept * 15);
    expect(frames('drained.mkv').equals(frames('whole.mkv'))).toBe(true);
  });

  test('is refused with exit code 7 while it runs, and with 2 with another model, another quality, or when there is none', async () => {
    const running = startUpreel(args('once.mkv'), ENV);
    await until(() => committed('once.mkv') > 0, 60_000);
    // Held still, so that it cannot be done before the second one looks.
    const engine = engineOf(running.pid);
    process.kill(engine, 'SIGSTOP');
    expect(await upreel(args('once.mkv'), ENV)).toMatchObject({ code: 7 });
    process.kill(engine, 'SIGCONT');
    running.child.kill('SIGTERM');
    expect(await running.finished).toMatchObject({ code: 143 });

    writeFileSync(at('other.safetensors'), writeSafetensors(randomCompact(16, 4, 2, 8)));
    const other = await upreel(args('once.mkv', '-m', at('other.safetensors')), ENV);
    expect([other.code, other.err]).toEqual([2, expect.stringContaining('the model has a content hash of')]);
    const quality = await upreel(args('once.mkv', '--quality', '50'), ENV);
    expect([quality.code, quality.err]).toEqual([2, expect.stringContaining('quality 50, then it was 70')]);
    const nothing = await upreel(['resume', at('nothing.mkv')], ENV);
    expect([nothing.code, nothing.err]).toEqual([2, expect.stringContaining('no unfinished job')]);
  });
});

function engineOf(supervisor: number): number {
  const engine = descendantRunning(supervisor, 'engine.js');
  if (engine === undefined) throw new Error('Expected an engine to run.');
  return engine;
}
