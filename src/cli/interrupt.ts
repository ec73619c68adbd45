import { UpreelError } from '../core/errors.ts';

/** Ctrl-C and the system's ways to say stop, as one AbortSignal. A second one does not wait for the clean-up. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** What the view calls for its own keys. */
  interrupt(): void;
  dispose(): void;
}

export function listenForInterrupts(): Interruption {
  const controller = new AbortController();
  const stop = (code: 'interrupted' | 'terminated', message: string): void => {
    if (controller.signal.aborted) process.exit(code === 'interrupted' ? 130 : 143);
    controller.abort(new UpreelError(code, message, { hint: 'Nothing half-written was left behind.' }));
  };
  const onInterrupt = (): void => stop('interrupted', 'Interrupted.');
  const onTerminate = (): void => stop('terminated', 'Terminated.');
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onTerminate);
  process.on('SIGHUP', onTerminate);
  return {
    signal: controller.signal,
    interrupt: onInterrupt,
    dispose() {
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onTerminate);
      process.off('SIGHUP', onTerminate);
    },
  };
}
