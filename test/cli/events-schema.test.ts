import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { eventRecordJsonSchema } from '../../src/cli/report/events-schema.ts';

describe('the published schema of --json', () => {
  it('is the one that the program has (scripts/write-events-schema.mjs writes it)', async () => {
    const published = await readFile(new URL('../../docs/json-events.schema.json', import.meta.url), 'utf8');
    expect(JSON.parse(published)).toEqual(eventRecordJsonSchema());
  });
});
