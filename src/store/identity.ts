import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { UpreelError } from '../core/errors.ts';

type Fact = string | number | boolean | null | Fact[] | { [name: string]: Fact };
export type IdentityFacts = Record<string, Fact>;

/** Everything that a frame of the result depends on. Two runs with equal identities make equal segments. */
export interface Identity {
  readonly source: IdentityFacts;
  readonly model: IdentityFacts;
  readonly settings: IdentityFacts;
}

const BLOCK_BYTES = 64 * 1024;
const BLOCKS = 16;

/**
 * What tells one version of a source from another: size, time of change, and a hash over 16 blocks of 64 KB spread over
 * it, the first and the last among them. With `whole` also a hash over everything.
 */
export async function sourceFacts(
  path: string,
  { whole }: { whole: boolean },
  signal: AbortSignal,
): Promise<IdentityFacts> {
  const file = await open(path, 'r');
  try {
    const { size, mtimeMs } = await file.stat();
    const sampled = await hashBlocks(file, size);
    return { bytes: size, changedMs: mtimeMs, sampled, whole: whole ? await hashFile(path, signal) : null };
  } finally {
    await file.close();
  }
}

export async function hashFile(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024, signal })) hash.update(chunk);
  return hash.digest('hex');
}

async function hashBlocks(file: FileHandle, size: number): Promise<string> {
  const hash = createHash('sha256');
  const block = Buffer.alloc(BLOCK_BYTES);
  const last = Math.max(0, size - BLOCK_BYTES);
  for (let index = 0; index < BLOCKS; index++) {
    const { bytesRead } = await file.read(block, 0, BLOCK_BYTES, Math.round((last * index) / (BLOCKS - 1)));
    hash.update(block.subarray(0, bytesRead));
  }
  return hash.digest('hex');
}

/** @throws UpreelError `usage` that names every difference. */
export function requireSameIdentity(then: Identity, now: Identity, folder: string): void {
  const differences = [
    ...differ('the source', then.source, now.source),
    ...differ('the model', then.model, now.model),
    ...differ('the settings', then.settings, now.settings),
  ];
  if (differences.length === 0) return;
  throw new UpreelError('usage', `The job in ${folder} was begun with something else: ${differences.join('; ')}.`, {
    hint: 'Run the command as it was to go on, or add --restart to begin anew (finished segments are thrown away).',
  });
}

/** Whether two facts tell the same version of a source. */
export function isSameSource(then: IdentityFacts, now: IdentityFacts): boolean {
  return differ('the source', then, now).length === 0;
}

function differ(section: string, then: IdentityFacts, now: IdentityFacts): string[] {
  const names = [...new Set([...Object.keys(then), ...Object.keys(now)])];
  return names.flatMap((name) => {
    const [before, after] = [then[name], now[name]];
    // A hash over everything that only one of the two runs took says nothing.
    if (name === 'whole' && (before === null || after === null)) return [];
    if (canonical(before) === canonical(after)) return [];
    return [`${section} has ${NAMES[name] ?? name} ${shown(after)}, then it was ${shown(before)}`];
  });
}

const NAMES: Readonly<Record<string, string>> = {
  bytes: 'a size in bytes of',
  changedMs: 'a time of change of',
  sampled: 'a sampled content hash of',
  whole: 'a content hash of',
  contentHash: 'a content hash of',
};

function shown(fact: Fact | undefined): string {
  if (fact === undefined) return 'not there';
  const text = typeof fact === 'string' ? fact : JSON.stringify(fact);
  return /^[0-9a-f]{64}$/.test(text) ? text.slice(0, 12) : text;
}

/** Independent of the order in which properties were written. */
function canonical(fact: Fact | undefined): string {
  return (
    JSON.stringify(fact, (_key, value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
        : value,
    ) ?? ''
  );
}
