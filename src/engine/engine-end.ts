import { tellsOfLackingMemory, UpreelError } from '../core/errors.ts';
import { addressSpaceIsLimited } from './address-space.ts';

/** An engine that ended without an answer, and nothing points to memory as the cause. */
export class EngineDied extends UpreelError {
  /** Whether it was ended from outside, by whatever: it may do better the next time. */
  readonly wasKilled: boolean;

  constructor(what: string, wasKilled: boolean, options: { readonly hint: string; readonly cause: unknown }) {
    super('engine-died', `The engine process ${what}.`, options);
    this.wasKilled = wasKilled;
  }
}

/** How an engine process ended that was not told to. */
export interface EngineEnd {
  /** Goes on after "The engine process". */
  readonly what: string;
  readonly wasKilled: boolean;
  /** Of lack of memory, if it was killed; null: there is none. */
  readonly sign: string | null;
  readonly stderrTail: string;
}

/** The error of the tasks that it had. */
export function engineDied(end: EngineEnd): UpreelError {
  const hint = 'Try a smaller --tile or a smaller --memory; if it goes on, --device cpu.';
  const cause = end.stderrTail.trim() || undefined;
  const lack = lackOfMemory(end);
  return lack === null
    ? new EngineDied(end.what, end.wasKilled, { hint, cause })
    : new UpreelError('out-of-memory', lack, { hint, cause });
}

/** What points to memory as the cause of an engine's end, as a sentence; null if nothing does. */
function lackOfMemory({ what, wasKilled, sign, stderrTail }: EngineEnd): string | null {
  if (tellsOfLackingMemory(`${what}\n${stderrTail}`)) {
    return 'The engine ran out of memory.';
  }
  // Whoever ends an engine on purpose is not waiting for its task: this is the system, a person, or another program.
  if (wasKilled) return sign === null ? null : `The engine process ${what} ${sign}.`;
  if (/SIG\w+$/.test(what) && addressSpaceIsLimited()) {
    return `The engine ${what} under a limit on its address space (ulimit -v), most likely for lack of memory.`;
  }
  return null;
}
