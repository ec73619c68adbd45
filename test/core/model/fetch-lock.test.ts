import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, type FileServer, startFileServer } from '../../support/file-server.ts';
import { fileFacts, tinyCatalogue } from '../../support/tiny-catalogue.ts';

const CONTENT = randomBytes(200_000);
const DIST = fileURLToPath(new URL('../../../dist/core/model/', import.meta.url));

/** A process of its own that pulls the model of the catalogue file into the folder. */
const PULL = `
  const { readCatalogue } = await import(process.argv[1] + 'catalogue.js');
  const { pullModel } = await import(process.argv[1] + 'fetch/fetch.js');
  const catalogue = readCatalogue(process.argv[2]);
  await pullModel(catalogue, catalogue.models[0], process.argv[3]);
`;

let answers: Record<string, Answer>;
let server: FileServer;
let root: string;
let folder: string;

beforeEach(async () => {
  answers = {};
  server = await startFileServer(answers);
  root = mkdtempSync(join(tmpdir(), 'upreel-pull-'));
  folder = join(root, 'models');
  const { default: id, models } = tinyCatalogue([
    { kind: 'url', files: [{ ...fileFacts('tiny.pth', CONTENT), url: `${server.origin}/tiny.pth` }] },
  ]);
  writeFileSync(join(root, 'catalogue.json'), JSON.stringify({ version: 1, default: id, models }));
});

afterEach(async () => {
  await server.close();
  rmSync(root, { recursive: true });
});

function startPull(): ChildProcess {
  const script = ['--input-type=module', '-e', PULL, '--', DIST, join(root, 'catalogue.json'), folder];
  return spawn(process.execPath, script, { stdio: ['ignore', 'inherit', 'inherit'] });
}

async function exitCodeOf(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

describe('pulls by several processes', () => {
  it('fetch a file once when they start together', async () => {
    answers['/tiny.pth'] = (response) => {
      response.write(CONTENT.subarray(0, 100_000));
      setTimeout(() => response.end(CONTENT.subarray(100_000)), 700);
    };
    const children = [startPull(), startPull(), startPull()];
    expect(await Promise.all(children.map(exitCodeOf))).toEqual([0, 0, 0]);
    expect(server.requests).toHaveLength(1);
    expect(readdirSync(folder)).toEqual(['tiny.pth']);
  });

  it('go on after one was killed, and remove what it left', async () => {
    const halfway = new Promise<void>((resolve) => {
      answers['/tiny.pth'] = (response) =>
        void response.write(CONTENT.subarray(0, 100_000), () => setTimeout(resolve, 300));
    });
    const victim = startPull();
    await halfway;
    victim.kill('SIGKILL');
    await exitCodeOf(victim);
    const left = readdirSync(folder).filter((name) => name.startsWith('.upreel-'));
    expect(left).toHaveLength(1);

    answers['/tiny.pth'] = (response) => void response.end(CONTENT);
    expect(await exitCodeOf(startPull())).toBe(0);
    expect(readdirSync(folder)).toEqual(['tiny.pth']);
  });
});
