import { UpreelError } from '../core/errors.ts';

/**
 * Ctrl-C and the system's ways to say stop. The first Ctrl-C drains: what cannot be taken up again is finished. A
 * second one, or a signal to terminate, aborts, and one more does not wait for the clean-up.
 */
export interface Interruption {
  readonly drain: AbortSignal;
  readonly signal: AbortSignal;
  /** What the view calls for its own keys. */
  interrupt(): void;
  dispose(): void;
}

export function listenForInterrupts(): Interruption {
  const drain = new AbortController();
  const abort = new AbortController();
  const stop = (code: 'interrupted' | 'terminated', message: string): void => {
    if (abort.signal.aborted) process.exit(code === 'interrupted' ? 130 : 143);
    const reason = new UpreelError(code, message, {
      hint: 'Nothing half-written has a result’s name. What is finished of a video stays: run the same command again to go on.',
    });
    if (code === 'interrupted' && !drain.signal.aborted) drain.abort(reason);
    else abort.abort(reason);
  };
  const onInterrupt = (): void => stop('interrupted', 'Interrupted.');
  const onTerminate = (): void => stop('terminated', 'Terminated.');
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onTerminate);
  process.on('SIGHUP', onTerminate);
  return {
    drain: drain.signal,
    signal: abort.signal,
    interrupt: onInterrupt,
    dispose() {
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onTerminate);
      process.off('SIGHUP', onTerminate);
    },
  };
}
