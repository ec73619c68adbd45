import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DOCUMENTS = ['.', 'docs', 'bench/results', 'models', 'plugins/gimp-bridge'].flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
);

test.each(DOCUMENTS)('%s links to what is there', (document) => {
  const text = readFileSync(join(ROOT, document), 'utf8');
  const links = [...text.matchAll(/\]\(([^)#\s]+)/g)].map(([, link]) => link!).filter((link) => !/^[a-z]+:/.test(link));
  expect(links.filter((link) => !existsSync(join(ROOT, dirname(document), link)))).toEqual([]);
});

test('CONTRIBUTING names files that are there', () => {
  const text = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8');
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).map((name) => `/${name}`);
  const named = [...text.matchAll(/`([a-z]+\/[\w/.-]+\.(?:ts|mjs|py|json|md))`/g)].map(([, path]) => path!);
  const isThere = (path: string): boolean =>
    existsSync(join(ROOT, path)) || sources.some((name) => name.endsWith(`/${path}`)) || path.includes('NAME');
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter((path) => !isThere(path))).toEqual([]);
});

test('each benchmark that a document names can be run', () => {
  const texts = DOCUMENTS.map((document) => readFileSync(join(ROOT, document), 'utf8')).join('\n');
  const named = [...texts.matchAll(/\bBENCH="?([a-z][a-z -]*)/g)].flatMap(([, names]) => names!.trim().split(' '));
  expect(named.length).toBeGreaterThan(10);
  // It tells what there is when it is asked for what there is not.
  const env = { ...process.env, BENCH: 'no-such-bench' };
  const { stderr } = spawnSync(process.execPath, [join(ROOT, 'bench/run.mjs')], { env, encoding: 'utf8' });
  const known = /There are: (.*)\.$/m.exec(stderr)?.[1]?.split(', ') ?? [];
  expect(named.filter((name) => !known.includes(name))).toEqual([]);
});
