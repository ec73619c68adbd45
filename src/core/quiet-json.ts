/**
 * What a terminal obeys or does not show: controls, separators, bidi and other invisible characters. Cn (not assigned
 * in this Unicode version) is in, because nobody knows its width; private use is not.
 */
export const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** What a shell, or a page, finds an order in, even within double quotes. */
const ORDERS = /[$`!<>&']/g;

/** JSON that a terminal shows and never obeys. Readers of JSON get the same strings. */
export function printableJson(record: unknown): string {
  return escapeAll(JSON.stringify(record), UNPRINTABLE);
}

/**
 * JSON on one line that no reader obeys, whoever it may meet: names of films and messages of other programs are in it,
 * and a log may end where nobody meant it to be. Readers of JSON get the same strings.
 */
export function quietJson(record: unknown): string {
  return escapeAll(printableJson(record), ORDERS);
}

/** Outside of strings JSON has no such characters. */
function escapeAll(json: string, what: RegExp): string {
  return json.replace(what, (characters) =>
    Array.from({ length: characters.length }, (_, unit) => escapeUnit(characters.charCodeAt(unit))).join(''),
  );
}

function escapeUnit(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}
