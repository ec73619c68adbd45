import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadModel } from '../../src/core/model/index.ts';
import { MODEL_TEST_TIMEOUT, testModelEnv, testWeights } from '../support/models.ts';

const COMMANDER = import.meta.resolve('commander');
const MODELS = fileURLToPath(new URL('../../dist/cli/models/models.js', import.meta.url));

/** The command in a program of its own, errors as the composition root would treat them. */
const PROGRAM = `
  const { Command } = await import(process.argv[1]);
  const { addModelsCommand } = await import(process.argv[2]);
  const program = new Command('upreel');
  addModelsCommand(program);
  await program.parseAsync(process.argv.slice(3), { from: 'user' }).catch((error) => {
    console.error(error.message, error.hint);
    process.exitCode = error.exitCode;
  });
`;

let root: string;

beforeAll(() => testWeights('realesr-general-x4v3'), MODEL_TEST_TIMEOUT);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'upreel-models-'));
});

afterEach(() => rmSync(root, { recursive: true }));

function upreelModels(args: readonly string[], env: Record<string, string> = {}) {
  const script = ['--input-type=module', '-e', PROGRAM, '--', COMMANDER, MODELS, 'models', ...args];
  const clean = { ...process.env, UPREEL_MODELS: '', npm_config_registry: 'http://127.0.0.1:9/' };
  const run = spawnSync(process.execPath, script, { encoding: 'utf8', env: { ...clean, ...testModelEnv(), ...env } });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

describe('upreel models', () => {
  it('lists the catalogue as a table and as JSON lines', () => {
    const table = upreelModels(['list']).out.split('\n');
    expect(table[0]).toMatch(/^MODEL +SCALE +SIZE +HERE +LICENCE +PRESETS +SUITS$/);
    expect(table[1]).toMatch(
      /^realesr-general-x4v3 \(default\) +4x +[\d.]+ MB +yes +BSD-3-Clause +photo \(video\), grain, .*photos/,
    );

    const records = upreelModels(['list', '--json'], { UPREEL_CACHE: root }).out.trim().split('\n');
    const first = JSON.parse(records[0]!);
    expect(first).toMatchObject({ v: 1, type: 'model', id: 'realesr-general-x4v3', isDefault: true, state: 'absent' });
    expect(records.length).toBeGreaterThanOrEqual(10);
  });

  it('tells what a network is', () => {
    const { out, code } = upreelModels(['info', 'realesr-general-x4v3']);
    expect(code).toBe(0);
    expect(out).toMatch(/architecture +compact/);
    expect(out).toMatch(/receptive field +radius 34 px/);
    expect(out).toMatch(/parameters +1,213,296/);
    expect(out).toMatch(/work +2\.42 MFLOP per input pixel/);
    expect(out).toMatch(/sha256 +[0-9a-f]{64}/);
  });

  it('exports the wrapped network, and never over another file unless told to', () => {
    const output = join(root, 'net.onnx');
    expect(upreelModels(['export', 'realesr-general-x4v3', '-o', output])).toMatchObject({ code: 0, err: '' });
    const network = readFileSync(output);
    expect(network.length).toBeGreaterThan(4_000_000);
    writeFileSync(output, 'mine');
    expect(upreelModels(['export', 'realesr-general-x4v3', '-o', output])).toMatchObject({ code: 2 });
    expect(readFileSync(output, 'utf8')).toBe('mine');
    expect(upreelModels(['export', 'realesr-general-x4v3', '-o', output, '--overwrite'])).toMatchObject({ code: 0 });
    expect(readFileSync(output).equals(network)).toBe(true);
  });

  it('exports the network with its colours and its denoise strength in it', async () => {
    const output = join(root, 'net.onnx');
    const id = 'realesr-general-x4v3';
    const args = ['export', id, '-o', output, '--colour', 'source', '--denoise', '1'];
    expect(upreelModels(args)).toMatchObject({ code: 0, err: '' });
    for (const [name, value] of Object.entries(testModelEnv())) vi.stubEnv(name, value);
    const own = await loadModel(id, { colour: 'source', cacheFolder: join(root, 'own') });
    const network = await own.networkFile({ bytesPerSample: 1, channels: 3 });
    vi.unstubAllEnvs();
    expect(readFileSync(output).equals(readFileSync(network))).toBe(true);
    for (const wrong of [
      ['--denoise', 'much'],
      ['--colour', 'sepia'],
      ['--denoise', '2'],
    ]) {
      expect(upreelModels([...args, '--overwrite', ...wrong]).code).not.toBe(0);
    }
  });

  it('blends two networks into a file that it can read', () => {
    const output = join(root, 'mixed.safetensors');
    const id = 'realesr-general-x4v3';
    expect(upreelModels(['blend', id, id, '--alpha', '0.5', '-o', output])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Wrote .*mixed\.safetensors \(4\.9 MB\): 64 feat, 32 conv, 4x\n$/),
      err: '',
    });
    const network = (what: string) => /network +([0-9a-f]{64})/.exec(upreelModels(['info', what]).out)?.[1];
    expect(network(output)).toBe(network(id));
    expect(upreelModels(['blend', id, id, '--alpha', '0.5', '-o', output])).toMatchObject({ code: 2 });
    expect(upreelModels(['blend', id, id, '--alpha', '', '-o', output])).toMatchObject({ code: 2 });
  });

  it('says that a pulled model is there without using the network', () => {
    expect(upreelModels(['pull', 'realesr-general-x4v3'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^realesr-general-x4v3 is in .*realesr-general-x4v3\.(bin|pth)\n$/),
      err: '',
    });
  });

  it.each([
    ['an unknown id', ['pull', 'realesr-genral-x4v3'], 5, /Did you mean realesr-general-x4v3/],
    ['a missing file', ['info', './nosuch.pth'], 5, /There is no model file/],
    ['an import without a network in it', ['import', 'TEXT'], 5, /./],
    ['an export that is not named .onnx', ['export', 'realesr-general-x4v3', '-o', 'net.bin'], 2, /ends in \.onnx/],
    [
      'an export into a missing folder',
      ['export', 'realesr-general-x4v3', '-o', 'ROOT/no/net.onnx'],
      1,
      /Cannot write/,
    ],
  ])('fails with a clear sentence and no stack trace on %s', (_, args, code, message) => {
    const text = join(root, 'text.pth');
    writeFileSync(text, 'no network');
    const real = args.map((arg) => arg.replace('TEXT', text).replace('ROOT', root));
    const result = upreelModels(real);
    expect(result).toMatchObject({ code, out: '', err: expect.stringMatching(message) });
    expect(result.err).not.toMatch(/\n\s+at /);
    expect(existsSync('net.bin')).toBe(false);
  });
});
