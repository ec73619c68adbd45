import { join, sep } from 'node:path';

/** Whether a text has what only patterns have. */
export function hasGlob(text: string): boolean {
  return /[*?[{]/.test(text);
}

/** The folder that a pattern begins in: its parts before the first that has a wildcard. */
export function globBase(pattern: string): string {
  const parts = partsOf(pattern);
  const fixed = parts.slice(0, parts.findIndex(hasGlob));
  // An absolute pattern begins with an empty part.
  return fixed.length === 1 && fixed[0] === '' ? '/' : fixed.join('/') || '.';
}

/**
 * Whether a path (as `join` writes it, from the pattern's base on) is meant by a pattern: `*`, `?`, `[a-z]`, `[!a-z]`,
 * `{jpg,png}`, and `**` for any number of folders. Names that begin with a point are only met by a part that does.
 */
export function matchesGlob(pattern: string, path: string): boolean {
  const parts = partsOf(join(pattern)).filter(isNamed);
  // At the end it means the files themselves.
  if (parts.at(-1) === '**') parts.push('*');
  return matchParts(parts, join(path).split(sep).filter(isNamed));
}

/** Folders that a match can lie below the pattern's base. */
export function globDepth(pattern: string): number {
  const parts = partsOf(pattern).filter(isNamed);
  return parts.includes('**') ? Number.POSITIVE_INFINITY : parts.length - 1 - parts.findIndex(hasGlob);
}

function isNamed(part: string): boolean {
  return part !== '' && part !== '.';
}

/** All places in the pattern that the names so far can have led to, so that no pattern takes long. */
function matchParts(pattern: readonly string[], path: readonly string[]): boolean {
  let places = withSkipped(pattern, [0]);
  for (const name of path) {
    const next = places.flatMap((place) => {
      const part = pattern[place];
      if (part === undefined || (name.startsWith('.') && !part.startsWith('.'))) return [];
      if (part === '**') return [place];
      return expressionOf(part).test(name) ? [place + 1] : [];
    });
    places = withSkipped(pattern, next);
  }
  return places.includes(pattern.length);
}

/** `**` may also stand for no folder at all. */
function withSkipped(pattern: readonly string[], places: readonly number[]): number[] {
  const all = new Set(places);
  for (const place of all) if (pattern[place] === '**') all.add(place + 1);
  return [...all];
}

/** The same on Windows, where a backslash parts folders and case says nothing. */
function partsOf(pattern: string): string[] {
  return (process.platform === 'win32' ? pattern.replaceAll('\\', '/') : pattern).split('/');
}

function expressionOf(part: string): RegExp {
  const flags = process.platform === 'win32' ? 'isu' : 'su';
  try {
    return new RegExp(`^${translate(part)}$`, flags);
  } catch {
    // A range that runs backwards matches nothing but itself.
    return new RegExp(`^${escaped(part)}$`, flags);
  }
}

function translate(part: string): string {
  let expression = '';
  for (let at = 0; at < part.length; at++) {
    const rest = part.slice(at);
    const set = /^\[(!|\^)?(\]?[^\]]*)\]/.exec(rest);
    const choice = /^\{([^{}]*,[^{}]*)\}/.exec(rest);
    if (rest.startsWith('*')) {
      if (!expression.endsWith('.*')) expression += '.*';
    } else if (rest.startsWith('?')) expression += '.';
    else if (set?.[2]) {
      expression += `[${set[1] ? '^' : ''}${set[2].replaceAll(/[\\\]^[]/g, '\\$&')}]`;
      at += set[0].length - 1;
    } else if (choice) {
      expression += `(?:${choice[1]!.split(',').map(translate).join('|')})`;
      at += choice[0].length - 1;
    } else {
      const [character = ''] = rest;
      expression += escaped(character);
      at += character.length - 1;
    }
  }
  return expression;
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
