export { fetchRuntime } from './fetch.ts';
export { ensureRuntime, loadRuntime, runtimeVersion } from './load.ts';
export { binaryFolder } from './packages.ts';
export { findRuntime, type RuntimePlace } from './place.ts';
