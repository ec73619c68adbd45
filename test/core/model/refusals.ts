import { expect } from 'vitest';
import { UpreelError } from '../../../src/core/errors.ts';

/** Expects that the call refuses with this code and a message that names the reason. */
export function expectRefusal(call: () => unknown, reason: RegExp, code = 'model-refused'): void {
  let thrown: unknown;
  try {
    call();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(UpreelError);
  expect(thrown).toMatchObject({ code, message: expect.stringMatching(reason) });
}
