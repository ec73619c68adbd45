import { createHash } from 'node:crypto';
import { basename, dirname, join, resolve } from 'node:path';

/** OUTPUT.upreel beside the output, or a folder under `workDir` that only this output has. */
export function jobFolderFor(output: string, workDir: string | null): string {
  const path = resolve(output);
  const name = basename(path);
  const digits = `-${shortHash(path)}.upreel`;
  if (workDir !== null) return join(resolve(workDir), shortened(name, digits));
  const isShort = Buffer.byteLength(name) + '.upreel'.length <= LONGEST_NAME_BYTES;
  return isShort ? `${path}.upreel` : join(dirname(path), shortened(name, digits));
}

/** Digits that follow from a text. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 10);
}

const LONGEST_NAME_BYTES = 255;

/** As much of a name as leaves room for its ending, in whole characters. */
function shortened(name: string, ending: string): string {
  let kept = '';
  for (const character of name) {
    if (Buffer.byteLength(kept + character + ending) > LONGEST_NAME_BYTES) break;
    kept += character;
  }
  return kept + ending;
}
