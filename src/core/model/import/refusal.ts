import { UpreelError } from '../../errors.ts';

/** A file that is damaged or hostile: says what is wrong with it, never what a parser stumbled over. */
export function refused(reason: string, cause?: unknown): UpreelError {
  return new UpreelError('model-refused', printable(`Refused the model file: ${reason}`), {
    hint: 'Download the file again, from its author if you can.',
    cause,
  });
}

/** A sound file of a network that upreel does not run. */
export function unsupported(message: string, hint = SUPPORTED): UpreelError {
  return new UpreelError('model-unsupported', printable(message), { hint });
}

const SUPPORTED = 'See "Networks" in the README for the architectures that upreel imports.';

/** Names inside a file are its author's: they must not reach a terminal as commands, nor fill it. */
function printable(text: string): string {
  const safe = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?');
  return safe.length <= MAX_MESSAGE ? safe : `${safe.slice(0, MAX_MESSAGE)}...`;
}

const MAX_MESSAGE = 600;
