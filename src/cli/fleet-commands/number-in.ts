import { UpreelError } from '../../core/errors.ts';

/** @throws UpreelError `usage` for anything but a number from `least` to `most` */
export function numberIn(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most) return value;
  throw new UpreelError('usage', `${name} cannot be ${text}: it takes ${least} to ${most}.`);
}
