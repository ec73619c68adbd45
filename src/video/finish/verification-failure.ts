import { UpreelError } from '../../core/errors.ts';

/** @throws UpreelError `verification-failed`. */
export function expectEqual(what: string, expected: string | number, actual: string | number): void {
  if (expected !== actual) throw failed(`it has ${what} ${actual}, expected ${expected}`);
}

export function failed(what: string): UpreelError {
  return new UpreelError('verification-failed', `The finished video was not published: ${what}.`, {
    hint: 'Try another container or encoder, and report the file if it happens again.',
  });
}
