import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { runtimeMissing } from './missing.ts';
import { RUNTIME_PACKAGES } from './packages.ts';
import { findRuntime } from './place.ts';

/** What upreel takes of onnxruntime-node, which need not be there when upreel is built: npm may have left it out. */
interface Runtime {
  readonly InferenceSession: typeof InferenceSession;
  readonly Tensor: typeof Tensor;
  listSupportedBackends(): readonly { readonly name: string }[];
}

/** onnxruntime, from wherever it is. @throws UpreelError `runtime-missing`, `place-untrusted` */
export function loadRuntime(): Runtime {
  const place = findRuntime();
  if (place === null) throw runtimeMissing();
  return createRequire(join(place.folder, 'package.json'))(place.folder) as Runtime;
}

/** As its package says, or as it would be fetched. */
export function runtimeVersion(): string {
  const place = findRuntime();
  if (place === null) return RUNTIME_PACKAGES[0].version;
  const { version } = createRequire(import.meta.url)(join(place.folder, 'package.json')) as { version: string };
  return version;
}
