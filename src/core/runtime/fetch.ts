import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import pacote from 'pacote';
import { extract } from 'tar';
import { diskFull, systemErrorCode, UpreelError } from '../errors.ts';
import { type PullEvent, pullReporter } from '../model/fetch/fetch.ts';
import { withPullLock } from '../model/fetch/fetch-lock.ts';
import { asFailure, NPM_LIMITS } from '../model/fetch/fetch-npm.ts';
import { readNpmSettings } from '../model/fetch/fetch-npm-config.ts';
import { SourceFailure } from '../model/fetch/fetch-sink.ts';
import { watchFor } from '../model/fetch/fetch-stall.ts';
import { isForThisMachine, RUNTIME_PACKAGES, type RuntimePackage } from './packages.ts';
import { findRuntime, ownRuntimeFolder } from './place.ts';

export interface FetchRuntimeOptions {
  readonly signal?: AbortSignal;
  readonly onPull?: (event: PullEvent) => void;
}

/**
 * Brings onnxruntime from the npm registry into upreel's own folder, checked by its sum, this machine's libraries
 * alone. One process at a time: others wait, and find it there.
 * @throws UpreelError `runtime-missing`, `interrupted`, `disk-full`, `place-untrusted`.
 */
export async function fetchRuntime({ signal = NEVER, onPull }: FetchRuntimeOptions): Promise<void> {
  const target = ownRuntimeFolder();
  await withPullLock(dirname(target), signal, async (locked) => {
    if (findRuntime() !== null) return;
    const made = join(dirname(target), `.new-${basename(target)}`);
    try {
      await rm(made, { recursive: true, force: true });
      let before = 0;
      const report = pullReporter('onnxruntime', TOTAL_BYTES, `npm ${SPEC}`, onPull);
      for (const wanted of RUNTIME_PACKAGES) {
        const folder = join(made, 'node_modules', wanted.name);
        await mkdir(folder, { recursive: true, mode: 0o700 });
        const onBytes = (bytes: number) => report(before + Math.min(bytes, wanted.bytes));
        await unpack(wanted, folder, locked, onBytes);
        before += wanted.bytes;
      }
      report(TOTAL_BYTES);
      // What is there is not complete.
      await rm(target, { recursive: true, force: true });
      await rename(made, target);
    } finally {
      await rm(made, { recursive: true, force: true });
    }
  });
}

const SPEC = `${RUNTIME_PACKAGES[0].name}@${RUNTIME_PACKAGES[0].version}`;
const TOTAL_BYTES = RUNTIME_PACKAGES.reduce((sum, { bytes }) => sum + bytes, 0);
const NEVER = new AbortController().signal;

async function unpack(
  { name, version, integrity }: RuntimePackage,
  folder: string,
  signal: AbortSignal,
  onBytes: (received: number) => void,
): Promise<void> {
  const { stallMs } = NPM_LIMITS;
  const stop = new AbortController();
  const watchdog = watchFor(stallMs, () => stop.abort(new SourceFailure(`it sent nothing for ${stallMs / 1000} s`)));
  const settings = { ...readNpmSettings(), integrity, retry: { retries: 0 } };
  const options = { ...settings, signal: AbortSignal.any([stop.signal, signal]) } as object;
  try {
    await pacote.tarball.stream(
      `${name}@${version}`,
      async (tarball) => {
        let received = 0;
        tarball.on('data', (chunk: Buffer) => {
          received += chunk.length;
          watchdog.touch();
          onBytes(received);
        });
        // Its sum is compared when all has come: until then what is unpacked has another name.
        await unpackInto(folder, tarball);
      },
      options,
    );
  } catch (error) {
    signal.throwIfAborted();
    throw notFetched(stop.signal.aborted ? stop.signal.reason : asFailure(error));
  } finally {
    watchdog.end();
    stop.abort();
  }
}

async function unpackInto(folder: string, tarball: NodeJS.ReadableStream): Promise<void> {
  const unpacker = extract({
    cwd: folder,
    strip: 1,
    filter: (path, entry) =>
      'type' in entry && entry.type === 'File' && isForThisMachine(path.slice(path.indexOf('/') + 1)),
  });
  const done = new Promise<void>((resolve, reject) => {
    unpacker.on('close', resolve);
    unpacker.on('error', reject);
    tarball.on('error', reject);
  });
  tarball.pipe(unpacker as unknown as NodeJS.WritableStream);
  await done;
}

/** With what can be done by hand. */
function notFetched(failure: unknown): unknown {
  if (!(failure instanceof SourceFailure) && systemErrorCode(failure) === 'ENOSPC')
    return diskFull(failure, ownRuntimeFolder());
  const reason = failure instanceof Error ? failure.message : String(failure);
  return new UpreelError(
    'runtime-missing',
    `onnxruntime, which computes, is not installed, and could not be fetched (npm ${SPEC}: ${reason}).`,
    {
      hint: 'Try again when there is a network (upreel runtime install), or install upreel with ONNXRUNTIME_NODE_INSTALL=skip npm install -g upreel.',
      cause: failure,
    },
  );
}
