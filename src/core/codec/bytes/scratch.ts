import { rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { temporaryNameFor } from '../../files/publish.ts';
import { OwnFolder } from '../../own-folder/index.ts';

/**
 * Temporary files beside an output, in a folder that is this user's alone: what is written again and again under one
 * name must not be exchanged by others who may write beside the output. All removed at the end.
 */
export class Scratch {
  readonly #destination: string;
  #folder: Promise<OwnFolder> | null = null;
  #names = 0;

  constructor(destination: string) {
    this.#destination = destination;
  }

  /** The name of a new file. @throws the system's error if the folder cannot be made. */
  async name(extension: string): Promise<string> {
    this.#folder ??= OwnFolder.make(temporaryNameFor(join(dirname(this.#destination), 'pictures')), {
      hint: 'Choose another output with -o.',
      parents: false,
    });
    const folder = await this.#folder;
    this.#names += 1;
    // Not the output's own name: libvips would take brackets at its end for options.
    return folder.at(`picture-${this.#names}.${extension}`);
  }

  async removeAll(): Promise<void> {
    const folder = await this.#folder?.catch(() => null);
    this.#folder = null;
    if (!folder) return;
    try {
      for (const name of await folder.names()) await folder.remove(name);
      await rmdir(folder.path).catch(() => {});
    } finally {
      await folder.close();
    }
  }
}
