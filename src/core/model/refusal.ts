import { UpreelError } from '../errors.ts';

/** A file that is damaged or hostile: says what is wrong with it, never what a parser stumbled over. */
export function refused(reason: string, cause?: unknown): UpreelError {
  return new UpreelError('model-refused', `Refused the model file: ${reason}`, {
    hint: 'Download the file again, from its author if you can.',
    cause,
  });
}

/** A sound file of a network that upreel does not run. */
export function unsupported(message: string, hint = SUPPORTED): UpreelError {
  return new UpreelError('model-unsupported', message, { hint });
}

const SUPPORTED = 'See "Networks" in the README for the architectures that upreel imports.';
