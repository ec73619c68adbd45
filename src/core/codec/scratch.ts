import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { temporaryNameFor } from '../publish.ts';

/** Names for temporary files beside an output, all removed at the end. */
export class Scratch {
  readonly #folder: string;
  readonly #names: string[] = [];

  constructor(destination: string) {
    this.#folder = dirname(destination);
  }

  name(extension: string): string {
    // Not the output's own name: libvips would take brackets at its end for options.
    const name = temporaryNameFor(join(this.#folder, `picture.${extension}`));
    this.#names.push(name);
    return name;
  }

  async removeAll(): Promise<void> {
    await Promise.all(this.#names.map((name) => rm(name, { force: true })));
  }
}
