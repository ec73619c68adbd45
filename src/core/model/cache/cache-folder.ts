import { basename, dirname, resolve } from 'node:path';
import envPaths from 'env-paths';
import { isSharedFolder, OwnFolder, openUserFolder } from '../../own-folder/index.ts';

export interface CacheFolders {
  /** Weights under their catalogue names, and imported ones under their ids. */
  readonly models: string;
  /** Wrapped networks: made from the weights, safe to delete at any time. */
  readonly onnx: string;
  /** What each device did on its proof. */
  readonly devices: string;
  /** What weight files were found to be, and what trying ONNX files of others has shown. */
  readonly probes: string;
  /** Which of ffmpeg's encoders have worked when they were tried. */
  readonly trials: string;
  /** Lists of networks that others share. */
  readonly lists: string;
  /** What was fetched from stores that are no folder (`upreel worker --store s3://...`). */
  readonly stores: string;
  /** Secrets of this user on this machine. */
  readonly keys: string;
  /** onnxruntime, where npm could not install it. */
  readonly runtime: string;
}

/** `$UPREEL_CACHE`, else `$XDG_CACHE_HOME/upreel` or what the platform has for it. Nothing is created here. */
export function cacheFolders(root: string = defaultRoot()): CacheFolders {
  return {
    models: resolve(root, 'models'),
    onnx: resolve(root, 'onnx'),
    devices: resolve(root, 'devices'),
    probes: resolve(root, 'probes'),
    trials: resolve(root, 'trials'),
    lists: resolve(root, 'lists'),
    stores: resolve(root, 'stores'),
    keys: resolve(root, 'keys'),
    runtime: resolve(root, 'runtime'),
  };
}

/**
 * Opens one of the cache's folders, which is made for its owner alone if there is none: whoever may write there chooses
 * what is computed. Whoever asked closes it.
 * @throws UpreelError `place-untrusted`; the system's error if it cannot be made.
 */
export async function openCacheFolder(path: string): Promise<OwnFolder> {
  if (await isSharedFolder(dirname(path))) return openUserFolder(path, { hint: CACHE_HINT, make: true });
  const root = await openUserFolder(dirname(path), { hint: CACHE_HINT, make: true });
  try {
    return await root.child(basename(path));
  } finally {
    await root.close();
  }
}

/**
 * Nothing is made.
 * @throws UpreelError `place-untrusted` for one of the cache's folders that is not this user's alone.
 */
export async function requireOwnCache(folders: CacheFolders): Promise<void> {
  for (const path of Object.values(folders)) await (await findCacheFolder(path))?.close();
}

/** As `openCacheFolder`; null: there is none. */
async function findCacheFolder(path: string): Promise<OwnFolder | null> {
  const found = { hint: CACHE_HINT, make: false } as const;
  if (await isSharedFolder(dirname(path))) return openUserFolder(path, found);
  const root = await openUserFolder(dirname(path), found);
  try {
    return root && (await OwnFolder.open(root.at(basename(path)), { hint: CACHE_HINT, shownAs: path }));
  } finally {
    await root?.close();
  }
}

const CACHE_HINT = 'Make it your own (chown, chmod -R go-w), or name another folder with UPREEL_CACHE.';
/** Of what is kept as text: sums, verdicts, findings. */
const MAX_TEXT_BYTES = 1024 * 1024;

/** A small text of the cache; null: there is none that is ours. */
export async function readCached(path: string): Promise<string | null> {
  const folder = await findCacheFolder(dirname(path)).catch(() => null);
  try {
    return (await folder?.read(basename(path), MAX_TEXT_BYTES)) ?? null;
  } catch {
    return null;
  } finally {
    await folder?.close();
  }
}

/** @throws UpreelError `place-untrusted`; the system's error. */
export async function writeCached(path: string, content: string | Uint8Array): Promise<void> {
  const folder = await openCacheFolder(dirname(path));
  try {
    await folder.write(basename(path), content);
  } finally {
    await folder.close();
  }
}

/** Whether a file of the cache is one of ours. */
export async function isOwnCached(path: string): Promise<boolean> {
  const folder = await findCacheFolder(dirname(path)).catch(() => null);
  try {
    await folder?.check(basename(path));
    return folder !== null;
  } catch {
    return false;
  } finally {
    await folder?.close();
  }
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
