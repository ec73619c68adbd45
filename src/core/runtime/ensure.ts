import { offlineFolder } from '../model/cache/cache-folder.ts';
import type { FetchRuntimeOptions } from './fetch.ts';
import { runtimeMissing } from './missing.ts';
import { findRuntime } from './place.ts';

/**
 * Fetches onnxruntime if npm could not install it: its install script asks a server for CUDA's libraries, and where
 * that is out of reach npm leaves the whole package out.
 * @throws UpreelError as `installRuntime` does; `runtime-missing` also where the network is not to be used
 */
export async function ensureRuntime(options: FetchRuntimeOptions & { readonly offline?: boolean }): Promise<void> {
  if (findRuntime() !== null) return;
  if (options.offline === true || offlineFolder() !== undefined) throw runtimeMissing();
  await installRuntime(options);
}

/** The same, asked for by name. @throws UpreelError as `fetchRuntime` does */
export async function installRuntime(options: FetchRuntimeOptions): Promise<void> {
  if (findRuntime() !== null) return;
  // What reads registries takes a third of a second to load, and is wanted once in a machine's life.
  const { fetchRuntime } = await import('./fetch.ts');
  await fetchRuntime(options);
}
