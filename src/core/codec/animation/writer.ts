import { type FileHandle, open } from 'node:fs/promises';
import type { Size } from '../../pixels/geometry.ts';
import type { CarrierSamples } from '../carrier.ts';
import type { Effort } from '../effort.ts';
import type { PictureMetadata } from '../metadata/metadata.ts';

/** An animation to be written. */
export interface AnimationPlan {
  /** Of every page. */
  readonly size: Size;
  /** How the samples of a page lie. */
  readonly samples: CarrierSamples;
  /** One for each page; none for a still picture. */
  readonly delaysMs: readonly number[];
  readonly pages: number;
  /** How often it runs, 0 for ever. */
  readonly loop: number;
  /** 0 to 100. */
  readonly quality: number;
  readonly lossless: boolean;
  readonly effort: Effort;
  /** As the format can hold it. */
  readonly metadata: PictureMetadata;
  /** The name of a new temporary file. */
  readonly newFile: (extension: string) => Promise<string>;
}

/** Puts one page after another into a file, with a page or two in memory. Whoever made it calls `stop` in the end. */
export interface AnimationWriter {
  /** The next page, whole: interleaved, alpha last. The bytes are the writer's from then on. */
  add(pixels: Uint8Array<ArrayBuffer>): Promise<void>;
  /** @returns the name of the file, complete with its metadata */
  finish(): Promise<string>;
  /** Lets go of files and programs; harmless after `finish` and when repeated. The files are removed by others. */
  stop(): Promise<void>;
}

/** A file that is written from its start to its end, but for numbers known only then. */
export class GrowingFile {
  static async create(path: string): Promise<GrowingFile> {
    return new GrowingFile(path, await open(path, 'wx'));
  }

  readonly path: string;
  readonly #handle: FileHandle;
  #bytes = 0;
  #isOpen = true;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  get bytes(): number {
    return this.#bytes;
  }

  async append(...parts: readonly Uint8Array[]): Promise<void> {
    for (const part of parts) {
      await this.#handle.writeFile(part);
      this.#bytes += part.length;
    }
  }

  /** Writes over what is there. */
  async patch(at: number, bytes: Uint8Array): Promise<void> {
    await this.#handle.write(bytes, 0, bytes.length, at);
  }

  /** Harmless when repeated. */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#handle.close();
  }
}
