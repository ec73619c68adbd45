import { existsSync, lstatSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { cacheFolders } from '../model/cache/cache-folder.ts';
import { distrustOf, usualTrust } from '../own-folder/trust.ts';
import { untrusted } from '../own-folder/untrusted.ts';
import { binaryFolder, RUNTIME_PACKAGES } from './packages.ts';

/** Where onnxruntime-node lies. */
export interface RuntimePlace {
  readonly folder: string;
  /** Put there by npm with upreel, or fetched by upreel afterwards. */
  readonly from: 'npm' | 'upreel';
}

const [{ version }] = RUNTIME_PACKAGES;

/** Of upreel's own copies, one for each version and kind of machine. */
export function ownRuntimeFolder(): string {
  return join(cacheFolders().runtime, `onnxruntime-${version}-${process.platform}-${process.arch}`);
}

/**
 * The package that npm installed, else upreel's own copy; null: there is neither.
 * @throws UpreelError `place-untrusted`: others can write where upreel's own copy lies
 */
export function findRuntime(): RuntimePlace | null {
  const installed = installedPackage();
  if (installed !== null && isComplete(installed)) return { folder: installed, from: 'npm' };
  const own = join(ownRuntimeFolder(), 'node_modules', 'onnxruntime-node');
  if (!isComplete(own)) return null;
  requireOwn([cacheFolders().runtime, ownRuntimeFolder()]);
  return { folder: own, from: 'upreel' };
}

function installedPackage(): string | null {
  try {
    return dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  } catch {
    return null;
  }
}

function isComplete(folder: string): boolean {
  return existsSync(join(folder, binaryFolder(), 'onnxruntime_binding.node'));
}

/** Whoever may write there chooses what is run. */
function requireOwn(folders: readonly string[]): void {
  for (const folder of folders) {
    const distrust = distrustOf(lstatSync(folder), 'folder', usualTrust());
    if (distrust === null) continue;
    throw untrusted(
      folder,
      'folder',
      distrust,
      'Make it your own, or remove it: upreel runtime install makes it again.',
    );
  }
}
