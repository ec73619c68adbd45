import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { safeText, text, wrapText, wrapWhole } from '../../src/tui/safe-text.ts';
import { columnsOf } from '../../src/tui/text-columns.ts';
import { HOSTILE_NAMES } from '../support/task-events.ts';

// Written out here, apart from the code's own expression.
const FORBIDDEN: readonly (readonly [first: number, last: number, what: string])[] = [
  [0x00, 0x1f, 'C0'],
  [0x7f, 0x9f, 'DEL and C1'],
  [0xad, 0xad, 'soft hyphen'],
  [0x34f, 0x34f, 'grapheme joiner'],
  [0x61c, 0x61c, 'Arabic letter mark'],
  [0x115f, 0x1160, 'Hangul fillers'],
  [0x180b, 0x180f, 'Mongolian selectors'],
  [0x200b, 0x200f, 'zero width and marks of direction'],
  [0x2028, 0x202e, 'separators, embeddings, overrides'],
  [0x2060, 0x206f, 'invisible operators, isolates'],
  [0x3164, 0x3164, 'Hangul filler'],
  [0xd800, 0xdfff, 'lone surrogates'],
  [0xfe00, 0xfe0f, 'variation selectors'],
  [0xfeff, 0xfeff, 'byte order mark'],
  [0xffa0, 0xffa0, 'halfwidth filler'],
  [0xfff0, 0xfffb, 'unassigned, annotations'],
  [0xfffe, 0xffff, 'noncharacters'],
  [0xe0000, 0xe0fff, 'tags and selectors'],
];

function forbiddenIn(shown: string): string[] {
  const found = Array.from(shown, (character) => character.codePointAt(0) ?? 0).flatMap((code) =>
    FORBIDDEN.filter(([first, last]) => code >= first && code <= last).map(([, , what]) => what),
  );
  return [...new Set(found)];
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({
    unit: fc.constantFrom('\x1b', '[', ']', '0', ';', 'm', '\x07', '\x9b', '\u202e', '\u200d', 'é', '👩', 'a'),
    maxLength: 80,
  }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 80 }).map((units) => String.fromCharCode(...units)),
);

describe('safeText', () => {
  it.each([
    ['holiday 1998.mp4', 'holiday 1998.mp4'],
    ['Mädchen 全角 😀.png', 'Mädchen 全角 😀.png'],
    ['\x1b]0;x\x07', '\\x1b]0;x\\x07'],
    ['a\nb\tc\rd', 'a\\nb\\tc\\rd'],
    ['\x7f\x9b1m', '\\x7f\\x9b1m'],
    ['abc\u202e4pm.exe', 'abc\\u202e4pm.exe'],
    ['a\u2028b', 'a\\u2028b'],
    ['\ud800', '\\ud800'],
    ['\u{e0041}', '\\u{e0041}'],
  ])('shows %j as %s', (raw, shown) => {
    expect(safeText(raw)).toBe(shown);
  });

  it('tells a name with an invisible character from one without', () => {
    expect(safeText('a\u200bb.mp4')).not.toBe(safeText('ab.mp4'));
    expect(safeText('a\u200db.mp4')).not.toBe(safeText('ab.mp4'));
  });

  it('drops joiners that only shape emoji and non-Latin scripts', () => {
    expect(safeText('👩\u200d👧 ❤\ufe0f می\u200cخواهم')).toBe('👩👧 ❤ میخواهم');
  });

  it('keeps four marks on a letter and drops the rest', () => {
    expect(safeText(`z${'\u0335'.repeat(500)}a`)).toBe(`z${'\u0335'.repeat(4)}a`);
  });

  it('lets nothing through that a terminal obeys or hides', () => {
    fc.assert(fc.property(anyText, (raw) => forbiddenIn(safeText(raw)).length === 0));
  });

  it('fits the columns it is given', () => {
    fc.assert(
      fc.property(
        anyText,
        fc.integer({ min: 1, max: 100 }),
        fc.constantFrom('utf8', 'ascii'),
        (raw, maxColumns, charset) => {
          expect(columnsOf(safeText(raw, { maxColumns, charset }))).toBeLessThanOrEqual(maxColumns);
        },
      ),
    );
  });

  it('writes bytes below 0x80 only where the locale is not UTF-8, whose terminals read 0x9b as a control', () => {
    fc.assert(fc.property(anyText, (raw) => /^[\x20-\x7e]*$/.test(safeText(raw, { charset: 'ascii' }))));
  });

  it('changes nothing when applied to its own result', () => {
    fc.assert(fc.property(anyText, (raw) => safeText(safeText(raw)) === safeText(raw)));
  });

  it('shortens in the middle and keeps the extension', () => {
    expect(safeText('a-very-long-name-of-a-film.mkv', { maxColumns: 15 })).toBe('a-very-…ilm.mkv');
    expect(safeText('a-very-long-name-of-a-film.mkv', { maxColumns: 15, charset: 'ascii' })).toBe('a-very...lm.mkv');
  });

  it('never cuts an emoji in two', () => {
    expect(safeText('👍🏽'.repeat(20), { maxColumns: 11 })).toBe('👍🏽…👍🏽');
  });

  it('takes a megabyte of anything in little time', () => {
    // Of this process: what others do meanwhile does not count.
    const start = process.cpuUsage();
    for (const unit of ['\x1b]0;', '\u0335', '👩\u200d', '\u202e']) safeText(unit.repeat(300_000), { maxColumns: 40 });
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 1000).toBeLessThan(2000);
  });

  it('makes every hostile name one harmless line', () => {
    for (const name of HOSTILE_NAMES) expect(forbiddenIn(safeText(name, { maxColumns: 60 }))).toEqual([]);
  });
});

describe('text', () => {
  it('puts safe parts between our own words', () => {
    expect(text`${safeText('a\nb')} of ${3}`).toBe('a\\nb of 3');
  });
});

describe('a text in rows', () => {
  const texts = [...HOSTILE_NAMES, 'two words', 'x'.repeat(100), '全角'.repeat(30), 'a  b', 'e\u0301'.repeat(50)];
  const sizes = [4, 20, 78];

  it.each(sizes)('is no wider than %d columns, and whole', (columns) => {
    for (const words of texts.map((raw) => safeText(raw))) {
      const rows = wrapWhole(words, columns);
      for (const row of rows) expect(columnsOf(row), row).toBeLessThanOrEqual(columns);
      expect(rows.join('').replaceAll(' ', '')).toBe(words.replaceAll(' ', ''));
    }
  });

  it.each(sizes)('is no wider than %d columns where only so many rows are wanted', (columns) => {
    for (const words of texts.map((raw) => safeText(raw))) {
      const rows = wrapText(words, columns, 2, 'utf8');
      expect(rows.length).toBeLessThanOrEqual(2);
      for (const row of rows) expect(columnsOf(row), row).toBeLessThanOrEqual(columns);
    }
  });

  it('is broken between words where that is possible', () => {
    expect(wrapWhole(text`one two three`, 8)).toEqual(['one two', 'three']);
    expect(wrapWhole(text`one abcdefghijk two`, 8)).toEqual(['one', 'abcdefgh', 'ijk two']);
  });
});
