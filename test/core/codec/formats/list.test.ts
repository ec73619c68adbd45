import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { FORMATS, type OutputFormat } from '../../../../src/core/codec/formats/list.ts';
import { FORMAT_CHOICES, formatNamedBy } from '../../../../src/core/codec/index.ts';

const FOLDER = fileURLToPath(new URL('../../../../src/core/codec/formats/', import.meta.url));

test('every file of the folder is a format of the list, by its own name', () => {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.ts') && name !== 'list.ts');
  expect(files.map((name) => name.slice(0, -3)).sort()).toEqual(Object.keys(FORMATS).sort());
});

test('no ending is of two formats', () => {
  const extensions = Object.values(FORMATS).flatMap((format): readonly string[] => format.extensions);
  expect(extensions.length).toBeGreaterThan(0);
  expect(new Set(extensions).size).toBe(extensions.length);
});

test('every format that is written can be asked for', () => {
  const written = Object.entries(FORMATS).flatMap(([name, format]) =>
    'write' in format ? [name as OutputFormat] : [],
  );
  const asked = new Set(
    FORMAT_CHOICES.map((choice) => formatNamedBy(`x.${choice}`)).filter((format) => format !== null),
  );
  expect([...asked].sort()).toEqual(written.sort());
});
