import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as Onnxruntime from 'onnxruntime-node';
import { UpreelError } from '../errors.ts';
import { offlineFolder } from '../model/cache-folder.ts';
import { type FetchRuntimeOptions, fetchRuntime } from './fetch.ts';
import { RUNTIME_PACKAGES } from './packages.ts';
import { findRuntime } from './place.ts';

/** onnxruntime, from wherever it is. @throws UpreelError `runtime-missing`, `place-untrusted` */
export function loadRuntime(): typeof Onnxruntime {
  const place = findRuntime();
  if (place === null) throw missing();
  return createRequire(join(place.folder, 'package.json'))(place.folder) as typeof Onnxruntime;
}

/** As its package says, or as it would be fetched. */
export function runtimeVersion(): string {
  const place = findRuntime();
  if (place === null) return RUNTIME_PACKAGES[0].version;
  const { version } = createRequire(import.meta.url)(join(place.folder, 'package.json')) as { version: string };
  return version;
}

/**
 * Fetches onnxruntime if npm could not install it: its install script asks a server for CUDA's libraries, and where that
 * is out of reach npm leaves the whole package out.
 * @throws UpreelError as `fetchRuntime` does; `runtime-missing` also where the network is not to be used
 */
export async function ensureRuntime(options: FetchRuntimeOptions & { readonly offline?: boolean }): Promise<void> {
  if (findRuntime() !== null) return;
  if (options.offline === true || offlineFolder() !== undefined) throw missing();
  await fetchRuntime(options);
}

function missing(): UpreelError {
  return new UpreelError(
    'runtime-missing',
    `onnxruntime, which computes, is not installed for ${process.platform} ${process.arch}.`,
    {
      hint: 'Fetch it once with upreel runtime install.',
    },
  );
}
