import { UpreelError } from '../core/errors.ts';

/** Hours of every day in which work may run, by the local clock, in minutes after midnight; may cross midnight. */
export interface Hours {
  readonly startMinute: number;
  /** Not included. */
  readonly endMinute: number;
}

/** "22:00-07:00". @throws UpreelError `usage`. */
export function parseHours(text: string): Hours {
  const [startMinute, endMinute] = text.split('-').map(parseTime);
  const isWhole = text.split('-').length === 2;
  if (!isWhole || startMinute == null || endMinute == null || startMinute === endMinute) {
    throw new UpreelError('usage', `--only takes hours such as 22:00-07:00, got ${JSON.stringify(text)}.`, {
      hint: 'Hours are those of the local clock, and may go over midnight.',
    });
  }
  return { startMinute, endMinute };
}

/** Whether work may run at that moment. Asked again and again, so that a clock that jumps is just another time. */
export function isWithin({ startMinute, endMinute }: Hours, now: Date): boolean {
  const minute = now.getHours() * 60 + now.getMinutes();
  return startMinute < endMinute
    ? startMinute <= minute && minute < endMinute
    : startMinute <= minute || minute < endMinute;
}

function parseTime(text: string): number | null {
  const [, hours = '', minutes = ''] = /^(\d{1,2}):(\d{2})$/.exec(text.trim()) ?? [];
  if (hours === '' || Number(hours) > 24 || Number(minutes) > 59) return null;
  const total = Number(hours) * 60 + Number(minutes);
  return total > 1440 ? null : total % 1440;
}
