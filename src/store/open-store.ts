import { FolderStore } from './folder-store.ts';
import type { SharedStore } from './shared-store.ts';

/**
 * @param address a folder, or `s3://bucket/prefix`
 * @throws UpreelError `usage` if there is no such place, `output-unwritable`, `store-unreachable`.
 */
export async function openSharedStore(address: string, signal: AbortSignal = NEVER): Promise<SharedStore> {
  if (!address.startsWith('s3://')) return FolderStore.open(address);
  // What signs and parses is loaded by who has such a store.
  const { S3Store } = await import('./s3/s3-store.ts');
  return S3Store.open(address, signal);
}

const NEVER = new AbortController().signal;
