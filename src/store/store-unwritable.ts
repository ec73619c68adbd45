import { UpreelError } from '../core/errors.ts';

/** Of a folder that a fleet shares: another user may have made what is in it. */
export function storeUnwritable(place: string, cause: unknown): UpreelError {
  return new UpreelError('output-unwritable', `Cannot write to the store: ${place}.`, {
    hint: 'Every user that works for the fleet must be able to write there: give the store’s folder to a group of theirs (chmod -R g+rwXs).',
    cause,
  });
}
