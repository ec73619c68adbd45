import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWithin, parseHours } from '../../src/job/hours.ts';

const at = (time: string): Date => new Date(`2026-11-24T${time}`);

describe('parseHours', () => {
  it.each([
    ['22:00-07:00', { startMinute: 1320, endMinute: 420 }],
    ['8:30-17:05', { startMinute: 510, endMinute: 1025 }],
    ['00:00-24:00', null],
    ['18:00-24:00', { startMinute: 1080, endMinute: 0 }],
    ['24:00-06:00', { startMinute: 0, endMinute: 360 }],
    ['24:30-06:00', null],
    ['12:60-13:00', null],
    ['12:00', null],
    ['12:00-13:00-14:00', null],
    ['12:00-12:00', null],
    ['noon-night', null],
    ['', null],
  ])('reads %j', (text, hours) => {
    if (hours === null) expect(() => parseHours(text)).toThrow('--only takes hours such as 22:00-07:00');
    else expect(parseHours(text)).toEqual(hours);
  });
});

describe('isWithin', () => {
  it.each([
    ['22:00-07:00', '21:59:59', false],
    ['22:00-07:00', '22:00:00', true],
    ['22:00-07:00', '23:59:59', true],
    ['22:00-07:00', '00:00:00', true],
    ['22:00-07:00', '06:59:59', true],
    ['22:00-07:00', '07:00:00', false],
    ['09:00-17:00', '08:59:59', false],
    ['09:00-17:00', '09:00:00', true],
    ['09:00-17:00', '16:59:59', true],
    ['09:00-17:00', '17:00:00', false],
    ['18:00-24:00', '23:59:00', true],
    ['18:00-24:00', '00:00:00', false],
  ])('%s holds %s: %s', (hours, time, expected) => {
    expect(isWithin(parseHours(hours), at(time))).toBe(expected);
  });

  it('is true in just as many minutes of a day as the hours have, and in the others of the hours turned around', () => {
    const minute = fc.integer({ min: 0, max: 1439 });
    const midnight = at('00:00:00').getTime();
    fc.assert(
      fc.property(minute, minute, minute, (startMinute, endMinute, now) => {
        fc.pre(startMinute !== endMinute);
        const time = new Date(midnight + now * 60_000);
        const inside = isWithin({ startMinute, endMinute }, time);
        expect(isWithin({ startMinute: endMinute, endMinute: startMinute }, time)).toBe(!inside);
        expect(inside).toBe((now - startMinute + 1440) % 1440 < (endMinute - startMinute + 1440) % 1440);
      }),
    );
  });
});
