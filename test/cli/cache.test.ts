import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { readCatalogue } from '../../src/core/model/index.ts';
import { randomCompact } from '../core/model/writers/random-networks.ts';
import { writeSafetensors } from '../core/model/writers/safetensors-writer.ts';
import { jsonLines, runCli } from '../support/cli.ts';
import { ffmpeg, H264, pattern, temporaryFolder } from '../support/clips.ts';
import { CLI } from '../support/dist.ts';

const folder = temporaryFolder();
const at = (...names: string[]) => join(folder, ...names);
const env = { UPREEL_CACHE: at('cache'), XDG_STATE_HOME: at('state'), UPREEL_MODELS: '' };
const upreel = (...args: string[]) => runCli(args, env);
const fetched = readCatalogue().models[0]!.sources[0]!.files[0]!;

async function kept(): Promise<Record<string, number>> {
  const rows = jsonLines(await upreel('cache', '--json')) as { what: string; files: number }[];
  return Object.fromEntries(rows.map(({ what, files }) => [what, files]));
}

/** A job that waits to be taken up again. */
async function stoppedAtOnce(args: readonly string[]): Promise<void> {
  const more = ['--segment-seconds', '0.2'];
  const child = spawn(process.execPath, [CLI, ...args, ...more], { env: { ...process.env, ...env }, stdio: 'pipe' });
  child.stdout.on('data', (chunk: Buffer) => {
    if (chunk.includes('"started"')) child.kill('SIGINT');
  });
  await once(child, 'close');
}

/** An imported model with its networks, a file as large as a fetched one, and a film's job that was stopped. */
beforeAll(async () => {
  mkdirSync(at('cache', 'models'), { recursive: true, mode: 0o700 });
  writeFileSync(at('tiny.safetensors'), writeSafetensors(randomCompact(16, 2, 2, 7)));
  await upreel('models', 'import', at('tiny.safetensors'));
  writeFileSync(at('cache', 'models', fetched.name), Buffer.alloc(fetched.bytes), { mode: 0o600 });
  writeFileSync(at('elsewhere'), 'not ours');
  symlinkSync(at('elsewhere'), at('cache', 'models', 'link.pth'));
  mkdirSync(at('cache', 'stores', 'bucket', 'films'), { recursive: true, mode: 0o700 });
  writeFileSync(at('cache', 'stores', 'bucket', 'films', 'a.mkv'), Buffer.alloc(1000));
  ffmpeg(...pattern(2), ...H264, at('film.mkv'));
  await stoppedAtOnce([at('film.mkv'), '-o', at('out.mkv'), '-m', 'tiny', '--device', 'cpu', '--json']);
}, 120_000);

test('what upreel keeps is told by kind, with its place', async () => {
  expect(await kept()).toMatchObject({
    models: 1,
    imported: 1,
    networks: 2,
    logs: 1,
    jobs: expect.any(Number),
    stores: 1,
  });
  const table = await upreel('cache');
  expect(table.stdout).toMatch(/^WHAT +FILES +SIZE +WHERE\n/);
  expect(table.stdout).toContain(at('cache', 'onnx'));
});

test('clean removes what is made again, and nothing that is not named', async () => {
  const told = jsonLines(await upreel('cache', 'clean', '--json'));
  expect(told.map(({ what }) => what)).toEqual(['networks', 'findings', 'logs']);
  expect(told[0]).toMatchObject({ files: 2 });
  expect(await kept()).toMatchObject({ models: 1, imported: 1, networks: 0, findings: 0, logs: 0, stores: 1 });
  expect((await upreel('cache', 'clean')).stdout).toContain('networks: nothing to remove');
  expect(existsSync(at('out.mkv.upreel', 'job.json'))).toBe(true);
});

test('what is named goes, but no link of others and nothing that it leads to', async () => {
  expect((await upreel('cache', 'clean', 'models')).stdout).toMatch(/^models: 1 file removed, [\d.]+ MB freed\n$/);
  expect(readdirSync(at('cache', 'models')).sort()).toEqual(['link.pth', 'tiny.safetensors']);
  expect(existsSync(at('elsewhere'))).toBe(true);
  expect((await upreel('cache', 'clean', 'jobs')).stdout).toMatch(/^jobs: \d+ files removed/);
  expect([existsSync(at('out.mkv.upreel')), existsSync(at('film.mkv'))]).toEqual([false, true]);
  expect(await upreel('cache', 'clean', 'all')).toMatchObject({ code: 2 });
});

test('models remove takes a model and its networks, and says what it cannot take', async () => {
  writeFileSync(at('source.ppm'), 'P6\n2 2\n255\n123456789012');
  expect(await upreel(at('source.ppm'), '-m', 'tiny', '--device', 'cpu', '--no-tui')).toMatchObject({ code: 0 });
  expect((await kept()).networks).toBeGreaterThan(0);
  const removed = await upreel('models', 'remove', 'tiny');
  expect(removed).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Removed tiny: \d files, [\d.]+ kB\n$/) });
  expect(await kept()).toMatchObject({ imported: 0, networks: 0 });
  for (const id of ['tiny', readCatalogue().models[0]!.id]) {
    expect(await upreel('models', 'remove', id)).toMatchObject({ code: 5, stderr: expect.stringContaining(id) });
  }
  const yours = await runCli(['models', 'remove', 'tiny'], { ...env, UPREEL_MODELS: folder });
  expect(yours).toMatchObject({ code: 2, stderr: expect.stringContaining('yours to remove') });
  expect(existsSync(at('tiny.safetensors'))).toBe(true);
});
