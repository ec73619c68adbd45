import { readdirSync, readFileSync } from 'node:fs';
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
