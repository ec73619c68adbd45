import { mkdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, resolve } from 'node:path';
import { UpreelError } from '../core/errors.ts';
import type { OutputRule } from '../core/output-name.ts';
import type { Input } from './inputs.ts';

/**
 * Where each input's result goes. `-o` names a file for one input and a folder for several (or if it is one, or ends
 * in a slash).
 * @throws UpreelError `usage` if two results would get one name, `output-unwritable` if the folder cannot be made.
 */
export async function planOutputs(
  inputs: readonly Input[],
  output: string | undefined,
): Promise<readonly OutputRule[]> {
  const folder = await folderFor(inputs, output);
  if (output !== undefined && folder === null) return [{ kind: 'file', path: resolve(output) }];
  const rules = inputs.map((input) => derivedRule(input, folder));
  refuseCollisions(inputs, rules);
  return rules;
}

async function folderFor(inputs: readonly Input[], output: string | undefined): Promise<string | null> {
  if (output === undefined) return null;
  const exists = await stat(output).catch(() => null);
  if (!exists?.isDirectory() && !/[/\\]$/.test(output) && inputs.length === 1) return null;
  if (exists && !exists.isDirectory()) {
    throw new UpreelError('usage', `Expected a folder for -o with ${inputs.length} inputs, got the file ${output}.`, {
      hint: 'Name a folder, or leave -o out to write beside the inputs.',
    });
  }
  try {
    await mkdir(output, { recursive: true });
  } catch (error) {
    throw new UpreelError('output-unwritable', `Cannot make the folder ${output}.`, {
      hint: 'Choose another with -o.',
      cause: error,
    });
  }
  return resolve(output);
}

function derivedRule(input: Input, folder: string | null): Extract<OutputRule, { kind: 'derived' }> {
  return {
    kind: 'derived',
    folder: folder ?? dirname(input.path),
    input: basename(input.path),
    // A picture's container follows from its pages, which are not known yet (upscale-image.ts).
    extension: input.kind === 'image' ? '.png' : videoExtension(input.path),
  };
}

/** The source's container where upreel writes it, else Matroska, which holds everything. */
function videoExtension(path: string): string {
  const extension = extname(path).toLowerCase();
  return ['.mp4', '.mov', '.mkv', '.webm'].includes(extension) ? extension : '.mkv';
}

function refuseCollisions(inputs: readonly Input[], rules: readonly Extract<OutputRule, { kind: 'derived' }>[]): void {
  const seen = new Map<string, string>();
  for (const [index, rule] of rules.entries()) {
    const stem = basename(rule.input, extname(rule.input));
    const key = `${rule.folder}/${stem}${rule.extension}`.toLowerCase();
    const path = inputs[index]!.path;
    const other = seen.get(key);
    if (other !== undefined) {
      throw new UpreelError('usage', `${other} and ${path} would get the same result name.`, {
        hint: 'Upscale them one by one with -o NAME.',
      });
    }
    seen.set(key, path);
  }
}
