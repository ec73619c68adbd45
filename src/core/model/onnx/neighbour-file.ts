import { constants, open } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode, UpreelError } from '../../errors.ts';
import { refused } from '../import/refusal.ts';

/** A file that another one names, in its own folder. */
export interface NeighbourFile {
  readonly size: number;
  /** Fills `target` from there. @throws UpreelError `model-refused` if the file ends before */
  read(target: Uint8Array, offset: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a file by a name that a stranger wrote: it must be a plain name, of a plain file that lies in the folder
 * itself.
 * @throws UpreelError `model-missing`, `model-refused`
 */
export async function openNeighbour(folder: string, name: string): Promise<NeighbourFile> {
  if (!isPlainName(name)) {
    throw refused(`it names the file "${name}", where upreel only reads those in the same folder.`);
  }
  const path = join(folder, name);
  // Neither through a link to elsewhere, nor waiting at a pipe.
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const file = await open(path, flags).catch((error: unknown) => {
    throw unopened(path, error);
  });
  try {
    const status = await file.stat();
    if (!status.isFile()) throw refused(`${path} is not a file.`);
    return {
      size: status.size,
      async read(target, offset) {
        for (let done = 0; done < target.length; ) {
          const { bytesRead } = await file.read(target, done, target.length - done, offset + done);
          if (bytesRead === 0) throw refused(`${path} ended while it was read.`);
          done += bytesRead;
        }
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function isPlainName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\\:\0]/.test(name);
}

function unopened(path: string, error: unknown): UpreelError {
  switch (systemErrorCode(error)) {
    case 'ENOENT':
      return new UpreelError('model-missing', `The model keeps a part of itself in ${path}, which is not there.`, {
        hint: 'Put all its files into one folder, under the names that they were published with.',
        cause: error,
      });
    case 'ELOOP':
    case 'EMLINK':
      return new UpreelError('model-refused', `${path} is a link, which upreel does not follow from a model.`, {
        hint: 'Copy the file itself into the folder of the model.',
        cause: error,
      });
    default:
      return refused(`${path} cannot be read.`, error);
  }
}
