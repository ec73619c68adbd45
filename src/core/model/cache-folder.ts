import { resolve } from 'node:path';
import envPaths from 'env-paths';

export interface CacheFolders {
  /** Weights under their catalogue names, and imported ones under their ids. */
  readonly models: string;
  /** Wrapped networks: made from the weights, safe to delete at any time. */
  readonly onnx: string;
  /** What each device did on its proof. */
  readonly devices: string;
  /** What trying ONNX files of others has shown. */
  readonly probes: string;
}

/** `$UPREEL_CACHE`, else `$XDG_CACHE_HOME/upreel` or what the platform has for it. Nothing is created here. */
export function cacheFolders(root: string = defaultRoot()): CacheFolders {
  return {
    models: resolve(root, 'models'),
    onnx: resolve(root, 'onnx'),
    devices: resolve(root, 'devices'),
    probes: resolve(root, 'probes'),
  };
}

/** The folder of `$UPREEL_MODELS`: weights are read from there, and the network is never used. */
export function offlineFolder(): string | undefined {
  const folder = process.env.UPREEL_MODELS;
  return folder ? resolve(folder) : undefined;
}

function defaultRoot(): string {
  const own = process.env.UPREEL_CACHE;
  return own ? own : envPaths('upreel', { suffix: '' }).cache;
}
