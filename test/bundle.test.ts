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

test.each(['cli.js', 'programs/engine.js', 'programs/job-process.js', 'programs/session-worker.js'])(
  '%s does not load at its start what reads registries, which takes a third of a second, or buckets',
  (name) => {
    const packages = loadedAtOnce(join(DIST, name));
    expect(packages.size).toBeGreaterThan(0);
    for (const late of ['pacote', 'tar', 'aws4fetch']) expect(packages).not.toContain(late);
  },
);

test('the command line starts without the codecs: --help needs the names of formats alone', () => {
  const packages = loadedAtOnce(join(DIST, 'cli.js'));
  expect(packages).toContain('commander');
  for (const late of ['sharp', 'fluent-ffmpeg']) expect(packages).not.toContain(late);
});
