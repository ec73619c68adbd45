import { createHash } from 'node:crypto';
import { type Catalogue, parseCatalogue } from '../../src/core/model/catalogue.ts';

/** A catalogue of one model, "tiny", whose sources the test chooses. */
export function tinyCatalogue(sources: readonly object[], folder = '/'): Catalogue {
  return parseCatalogue({ version: 1, default: 'tiny', models: [modelOf('tiny', sources)] }, folder);
}

export function modelOf(id: string, sources: readonly object[]): object {
  const facts = { architecture: 'compact', scale: 4, licence: 'CC0-1.0', author: 'A test', summary: '', suits: '' };
  return { id, ...facts, homepage: 'https://example.org/', sources };
}

export function fileFacts(name: string, content: Uint8Array): { name: string; bytes: number; sha256: string } {
  return { name, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
}
