// The catalogue's networks, without what lies in a folder of the user's own.
import { readFileSync } from 'node:fs';
import { listModels } from '../dist/core/model/index.js';

export async function catalogueModels() {
  const catalogue = JSON.parse(readFileSync(new URL('../models/catalogue.json', import.meta.url), 'utf8'));
  const ids = new Set(catalogue.models.map(({ id }) => id));
  return (await listModels()).filter(({ id }) => ids.has(id));
}
