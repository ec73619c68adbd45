import { readFile } from 'node:fs/promises';
import { ownFile } from '../../core/files/own-files.ts';
import type { FeatureModel } from './distance.ts';

let pristine: Promise<FeatureModel> | null = null;

/** The authors' own model of pictures that nothing happened to; THIRD-PARTY.md has its terms. */
export function pristineModel(): Promise<FeatureModel> {
  pristine ??= readFile(ownFile('models/niqe-pristine.json'), 'utf8').then((text) => JSON.parse(text));
  return pristine;
}
