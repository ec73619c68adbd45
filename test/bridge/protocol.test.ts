import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { openApiDocument } from '../../src/bridge/openapi.ts';
import {
  jobsSchema,
  LIMITS,
  modelsSchema,
  streamEventSchema,
  upscaleRequestSchema,
} from '../../src/bridge/protocol.ts';

const read = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../plugins/gimp-bridge/${name}`, import.meta.url)), 'utf8');

describe('the protocol’s documents', () => {
  test('openapi.json is what the schemas say (npm run schema writes it)', () => {
    expect(JSON.parse(read('openapi.json'))).toEqual(JSON.parse(JSON.stringify(openApiDocument())));
  });

  test('PROTOCOL.md names every event with its fields', () => {
    const lines = read('PROTOCOL.md').split('\n');
    for (const { shape } of streamEventSchema.options) {
      const { event, ...fields } = shape;
      const row = lines.find((line) => line.startsWith(`| \`${event.value}\` |`));
      expect(row, event.value).toBeDefined();
      const cell = row!.split('|')[2]!.trim();
      expect(cell).toBe(
        Object.keys(fields)
          .map((name) => `\`${name}\``)
          .join(', '),
      );
    }
  });

  test('PROTOCOL.md names every field of the request, the models and the jobs', () => {
    const text = read('PROTOCOL.md');
    const schemas = [upscaleRequestSchema, modelsSchema.shape.models.element, jobsSchema.shape.jobs.element];
    for (const name of schemas.flatMap(({ shape }) => Object.keys(shape))) expect(text).toContain(`\`${name}\``);
  });

  test('PROTOCOL.md states the limits', () => {
    const limits = read('PROTOCOL.md')
      .split('\n\n')
      .find((paragraph) => paragraph.startsWith('Limits:'))!
      .replaceAll('\n', ' ');
    const { headerBytes, headerSeconds, sourceMegapixels, waitingJobs, connections, stallSeconds } = LIMITS;
    expect(limits).toContain(`${headerBytes / 1024} KiB of headers within ${headerSeconds} s`);
    expect(limits).toContain(`${sourceMegapixels} megapixels of source, ${waitingJobs} waiting jobs`);
    expect(limits).toContain(`${connections} connections, ${stallSeconds} s between two pieces of a body`);
    expect(limits).toContain(`${LIMITS.bodySeconds} s and ${LIMITS.slowestBytesPerSecond / 2 ** 20} s a MiB for all`);
  });
});

test('the package has the client for other programs', async () => {
  const { bridgeClient, defaultStateFile, readStateFile } = await import('upreel/bridge');
  expect([bridgeClient, defaultStateFile, readStateFile].map((entry) => typeof entry)).toEqual(
    Array(3).fill('function'),
  );
});
