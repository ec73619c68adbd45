import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UpreelError } from '../errors.ts';

/**
 * Whether a result's folder is there. @param planned folders that would be made.
 * @throws UpreelError `output-unwritable` if it is not there and not to be made, or if it cannot be written to.
 */
export async function folderFor(output: string, planned: ReadonlySet<string>): Promise<boolean> {
  const folder = dirname(output);
  const isThere = (await stat(folder).catch(() => null)) !== null;
  if (isThere || !planned.has(folder)) await requireWritable(folder);
  return isThere;
}

/** The nearest folder above, or the folder itself, that is there. */
export async function nearestFolder(path: string): Promise<string> {
  const found = await stat(path).catch(() => null);
  const above = dirname(path);
  return found !== null || above === path ? path : nearestFolder(above);
}

/** @throws UpreelError `output-unwritable` */
export async function requireWritable(folder: string): Promise<void> {
  try {
    if (!(await stat(folder)).isDirectory()) throw new Error(`${folder} is no folder`);
    await access(folder, constants.W_OK);
  } catch (cause) {
    throw new UpreelError('output-unwritable', `Cannot write into ${folder}.`, {
      hint: 'Check that the folder exists and that you may write there, or choose another with -o.',
      cause,
    });
  }
}
