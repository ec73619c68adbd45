export { ensureRuntime, installRuntime } from './ensure.ts';
export { loadRuntime, runtimeVersion } from './load.ts';
export { runtimeMissing } from './missing.ts';
export { binaryFolder } from './packages.ts';
export { findRuntime, type RuntimePlace } from './place.ts';
