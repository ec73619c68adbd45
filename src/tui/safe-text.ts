import { UNPRINTABLE } from '../core/quiet-json.ts';
import { columnsOf, headOf, piecesOf, shortenMiddle } from './text-columns.ts';

/**
 * Text that a terminal shows and never obeys. Only this file makes it: from foreign text by `safeText`, from our own
 * words by the template tag `text`, whose parts must be safe themselves.
 */
export type SafeText = string & { readonly [safe]: true };
declare const safe: unique symbol;

/** What the terminal can show. In a single-byte locale, bytes of UTF-8 characters may be control codes (0x80-0x9F). */
export type Charset = 'utf8' | 'ascii';

export interface SafeTextOptions {
  /** Shortened in the middle to fit; at least 1. */
  readonly maxColumns?: number;
  readonly charset?: Charset;
}

/**
 * Foreign text (file names, metadata, messages that quote them) made fit for a terminal, on one line.
 * Controls, escape sequences, line and paragraph separators, bidi controls, invisible and unassigned characters and
 * lone surrogates come out as visible escapes such as \x1b or \u202e, so that names do not differ by something
 * invisible. The exception: joiners that shape emoji and non-Latin scripts are dropped after non-ASCII characters,
 * because terminals disagree about their width.
 */
export function safeText(raw: string, options: SafeTextOptions = {}): SafeText {
  const { maxColumns, charset = 'utf8' } = options;
  const ellipsis = ellipsisOf(charset);
  const clipped = clip(raw, maxColumns === undefined ? MAX_LENGTH : MAX_SHORTENED_LENGTH, ellipsis);
  const clean = charset === 'ascii' ? toAscii(clipped) : toVisible(clipped);
  return (maxColumns === undefined ? clean : shortenMiddle(clean, maxColumns, ellipsis)) as SafeText;
}

/** Our own words around safe parts: text`${name} on ${device}`. */
export function text(words: TemplateStringsArray, ...parts: readonly (SafeText | number)[]): SafeText {
  return String.raw({ raw: words }, ...parts) as SafeText;
}

/** Safe parts in a row. */
export function joinText(parts: readonly SafeText[], separator: SafeText = text``): SafeText {
  return parts.join(separator) as SafeText;
}

/** Its beginning. */
export function cutText(safe: SafeText, maxColumns: number): SafeText {
  return headOf(safe, maxColumns) as SafeText;
}

/** Broken between words into at most `maxRows` rows; a word that is wider than a row is shortened in its middle. */
export function wrapText(safe: SafeText, columns: number, maxRows: number, charset: Charset): readonly SafeText[] {
  const words = safe.split(' ').map((word) => shortenMiddle(word, columns, ellipsisOf(charset)));
  const rows = rowsOfWords(words, columns);
  const kept = rows.slice(0, maxRows);
  if (rows.length > maxRows && maxRows > 0) {
    kept[maxRows - 1] = `${headOf(kept[maxRows - 1]!, columns - 4)} ${ellipsisOf(charset)}`;
  }
  return kept as SafeText[];
}

/** Broken between words, and within a word that is wider than a row: nothing is left out. */
export function wrapWhole(safe: SafeText, columns: number): readonly SafeText[] {
  const words = safe.split(' ').flatMap((word) => piecesOf(word, columns));
  return rowsOfWords(words, columns) as SafeText[];
}

function rowsOfWords(words: readonly string[], columns: number): string[] {
  const rows: string[] = [];
  for (const word of words.filter((word) => word !== '')) {
    const longer = rows.length === 0 ? word : `${rows.at(-1)} ${word}`;
    if (rows.length > 0 && columnsOf(longer) <= columns) rows[rows.length - 1] = longer;
    else rows.push(word);
  }
  return rows;
}

// A path is at most 4,096 bytes on Linux: more is an attack on time, not a name. What is shortened needs far less.
const MAX_LENGTH = 8192;
const MAX_SHORTENED_LENGTH = 2048;

function ellipsisOf(charset: Charset): string {
  return charset === 'ascii' ? '...' : '…';
}

function clip(raw: string, maxLength: number, ellipsis: string): string {
  if (raw.length <= maxLength) return raw;
  return `${raw.slice(0, maxLength / 2)}${ellipsis}${raw.slice(-maxLength / 2)}`;
}

function toVisible(raw: string): string {
  return raw.replace(SHAPING_JOINERS, '$1').replace(UNPRINTABLE, escapeCharacter).replace(MARKS_BEYOND_FOUR, '$1');
}

// Zero-width (non-)joiner and variation selectors 15 and 16.
const SHAPING_JOINERS = /([^\p{ASCII}\p{C}])(?:\u200c|\u200d|\ufe0e|\ufe0f)+/gu;
// More marks on one letter paint over the lines above and below.
const MARKS_BEYOND_FOUR = /([\p{Mn}\p{Me}]{4})[\p{Mn}\p{Me}]+/gu;

function toAscii(raw: string): string {
  return raw.replace(UNPRINTABLE, escapeCharacter).replace(/[^\p{ASCII}]/gu, '?');
}

function escapeCharacter(character: string): string {
  const short = SHORT_ESCAPES[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`;
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
