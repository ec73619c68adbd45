import { readFileSync } from 'node:fs';
import { asUpreelError, type ErrorCode, UpreelError } from '../core/errors.ts';

/** Native code crashes in many ways where an allocation fails; without a limit of this kind none does. Linux only. */
export function addressSpaceIsLimited(): boolean {
  return limitBytes() !== null;
}

/**
 * A failure that native code may have had for lack of address space without knowing it ("unsupported image format",
 * where a thread could not start) becomes `out-of-memory` if this process has come close to its limit. Others stay as
 * they are.
 */
export function underAddressSpaceLimit(error: unknown): UpreelError {
  const known = asUpreelError(error);
  if (!AMBIGUOUS.has(known.code) || !isNearLimit()) return known;
  return new UpreelError(
    'out-of-memory',
    `The limit on the address space (ulimit -v) is nearly reached, and this failed, most likely for that reason: ${known.message}`,
    { hint: 'Raise the limit, or use a smaller --tile.', cause: error },
  );
}

const AMBIGUOUS: ReadonlySet<ErrorCode> = new Set([
  ...(['internal', 'engine-died', 'input-damaged', 'input-unsupported', 'output-unwritable'] as const),
  ...(['model-refused', 'verification-failed', 'device-unavailable', 'ffmpeg-failed'] as const),
]);

/** What libraries ask for at once: a thread's stack and arena, a decoder's buffers. */
const MARGIN_BYTES = 256e6;

function isNearLimit(): boolean {
  const limit = limitBytes();
  if (limit === null) return false;
  const peak = /^VmPeak:\s+(\d+) kB/m.exec(readOwn('status'))?.[1];
  return peak !== undefined && Number(peak) * 1024 > limit - MARGIN_BYTES;
}

function limitBytes(): number | null {
  const soft = /^Max address space\s+(\d+)/m.exec(readOwn('limits'))?.[1];
  return soft === undefined ? null : Number(soft);
}

/** Empty where there is no /proc. */
function readOwn(name: 'limits' | 'status'): string {
  try {
    return readFileSync(`/proc/self/${name}`, 'utf8');
  } catch {
    return '';
  }
}
