import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SRC = fileURLToPath(new URL('../src/', import.meta.url));

test('no source looks for files beside itself, where the bundle does not lie: own-files.ts knows where they are', () => {
  const names = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name));
  const looking = names.filter((name) =>
    /new URL\([^)]*import\.meta|import\.meta\.(dir|file)name/.test(readFileSync(`${SRC}${name}`, 'utf8')),
  );
  expect(looking).toEqual([]);
});

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));

/** Packages that a built file loads at once, by itself or through others. */
function loadedAtOnce(file: string, seen = new Set<string>()): Set<string> {
  const packages = new Set<string>();
  if (seen.has(file)) return packages;
  seen.add(file);
  for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(
    /(?:^|[;\n])(?:import|export)\b(?:[^'"();]*?\bfrom)?\s*["']([^"']+)["']/g,
  )) {
    if (name.startsWith('.')) for (const inner of loadedAtOnce(join(dirname(file), name), seen)) packages.add(inner);
    else if (!name.startsWith('node:')) packages.add(name);
  }
  return packages;
}

function filesLoadedAtOnce(file: string): string[] {
  const files = new Set<string>();
  loadedAtOnce(file, files);
  return [...files];
}

const PROGRAMS = ['cli.js', 'programs/engine.js', 'programs/job-process.js', 'programs/session-worker.js'];

test.each(PROGRAMS)('%s loads no package at its start: what it needs of them is in it, or comes later', (name) => {
  expect([...loadedAtOnce(join(DIST, name))]).toEqual([]);
});

test('the command line starts without the codecs: --help needs the names of formats alone', () => {
  const main = readdirSync(join(DIST, 'programs')).filter((name) => /^main-[\w-]+\.js$/.test(name));
  expect(main).toHaveLength(1);
  const files = filesLoadedAtOnce(join(DIST, 'programs', main[0]!));
  expect(files.some((file) => readFileSync(file, 'utf8').includes('VipsForeignLoad'))).toBe(false);
});

test('of packages only those with binaries, and what few need, are loaded from node_modules', () => {
  const files = readdirSync(join(DIST, 'programs')).filter((name) => name.endsWith('.js'));
  const texts = ['cli.js', ...files.map((name) => `programs/${name}`)].map((name) =>
    readFileSync(join(DIST, name), 'utf8'),
  );
  const named = texts.flatMap((text) => [...text.matchAll(PACKAGE)].map(([, name = '']) => name));
  const packages = new Set(named.filter((name) => !name.startsWith('node:')));
  const late = ['aws4fetch', 'bullmq', 'ink', 'ioredis', 'pacote', 'react', 'react/jsx-runtime', 'tar'];
  expect([...packages].toSorted()).toEqual(late);
});

test('the licences of the packages that are in the programs go along', () => {
  const texts = readFileSync(join(DIST, 'programs/licenses.txt'), 'utf8');
  for (const name of ['zod', 'commander', '@bufbuild/protobuf', 'proper-lockfile'])
    expect(texts).toContain(`# ${name} `);
  expect(texts).toContain('Permission is hereby granted');
});

/** In an import of a line of its own, or a dynamic one. */
const PACKAGE = /(?:^import\b[^'"\n]*\bfrom |^import |\bimport\()["']([^.'"][^'"]*)["']/gm;
