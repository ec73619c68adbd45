import { Parser, type ReadEntry } from 'tar';
import type { CatalogueFile } from '../catalogue.ts';
import { FileSink, SourceFailure } from './fetch-sink.ts';

export interface Take {
  readonly file: CatalogueFile;
  /** Without these the pull fails; the others are only kept if they pass. */
  readonly wanted: boolean;
}

/**
 * Takes files out of a tarball that streams by; they are found by their entries' names and saved under the catalogue's.
 * `onReceived` is called when the last byte of the last wanted one has come. Whoever makes it closes it.
 */
export class TarballCollector {
  readonly #takes: ReadonlyMap<string, Take>;
  readonly #missing: Set<string>;
  readonly #folder: string;
  readonly #onReceived: () => void;
  readonly #parser: Parser;
  /** Settles with the first failure, so that nobody goes on waiting for the parser. */
  readonly #failed: Promise<void>;
  #fail!: (error: Error) => void;
  #failure: Error | undefined;
  #saving: Promise<unknown> = Promise.resolve();
  #entry: ReadEntry | undefined;

  constructor(takes: ReadonlyMap<string, Take>, folder: string, onReceived: () => void) {
    this.#takes = takes;
    this.#missing = new Set([...takes].filter(([, { wanted }]) => wanted).map(([name]) => name));
    this.#folder = folder;
    this.#onReceived = onReceived;
    this.#failed = new Promise((resolve) => {
      this.#fail = (error) => {
        this.#failure ??= error;
        this.#entry?.destroy(error);
        resolve();
      };
    });
    this.#parser = new Parser({
      onReadEntry: (entry) => this.#take(entry),
      onwarn: (code, message) => {
        if (code === 'TAR_BAD_ARCHIVE' || code === 'TAR_ABORT')
          this.#fail(new SourceFailure(`${message}`, { refused: true }));
      },
    });
    this.#parser.on('error', (error: Error) => this.#fail(new SourceFailure(error.message, { refused: true })));
  }

  /** Every wanted file has come; it may be on its way to the disk still. */
  get received(): boolean {
    return this.#missing.size === 0;
  }

  async feed(chunk: Buffer): Promise<void> {
    if (!this.#parser.write(chunk)) await this.#event('drain');
    this.#throwFailure();
  }

  /** The tarball is over: what is wanted must have come. */
  async end(): Promise<void> {
    const ended = this.#event('end');
    this.#parser.end();
    await ended;
    this.#throwFailure();
    await this.#saving;
    this.#throwFailure();
    const [missing] = this.#missing;
    if (missing !== undefined) throw new SourceFailure(`the tarball does not contain ${missing}`, { refused: true });
  }

  /** Drops an unfinished file and waits until the others are in their places. @throws what kept a wanted one from it */
  async close(): Promise<void> {
    this.#entry?.destroy(new SourceFailure('the tarball was cut off'));
    await this.#saving;
    this.#throwFailure();
  }

  async #event(name: 'drain' | 'end'): Promise<void> {
    await Promise.race([new Promise<void>((resolve) => this.#parser.once(name, resolve)), this.#failed]);
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #take(entry: ReadEntry): void {
    // npm packs everything below one folder, whose name does not matter.
    const name = entry.path.replace(/^[^/]*\//, '');
    const take = this.#takes.get(name);
    if (take === undefined || entry.type !== 'File') {
      entry.resume();
      return;
    }
    // The iterator in #save listens only while it waits.
    entry.on('error', () => {});
    this.#entry = entry;
    const saved = this.#save(name, entry, take).catch((error: Error) => {
      entry.resume();
      if (take.wanted || !(error instanceof SourceFailure)) this.#fail(error);
    });
    this.#saving = Promise.all([this.#saving, saved]);
  }

  async #save(name: string, entry: ReadEntry, { file }: Take): Promise<void> {
    const sink = await FileSink.open(this.#folder, file);
    await sink.fill(async () => {
      for await (const chunk of entry as AsyncIterable<Buffer>) await sink.write(chunk);
      if (this.#missing.delete(name) && this.received) this.#onReceived();
    });
  }
}
