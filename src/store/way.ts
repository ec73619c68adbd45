import { isAbsolute, posix } from 'node:path';

/** Whether a way leads down from a store's root, and nowhere else. */
export function isWayDown(way: string): boolean {
  const isPlain = way !== '' && !isAbsolute(way) && !/[\0\\]/.test(way);
  return isPlain && posix.normalize(way) === way && !['..', '.'].includes(way.split('/')[0]!);
}
