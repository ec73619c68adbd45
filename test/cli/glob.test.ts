import { describe, expect, test } from 'vitest';
import { globBase, globDepth, hasGlob, matchesGlob } from '../../src/cli/inputs/glob.ts';

describe('matchesGlob', () => {
  test.each([
    ['*.jpg', 'a.jpg', true],
    ['*.jpg', 'a.png', false],
    ['*.jpg', 'b/a.jpg', false],
    ['*.jpg', '.a.jpg', false],
    ['.*.jpg', '.a.jpg', true],
    ['b/*', 'b/a.jpg', true],
    ['./b/*', 'b/a.jpg', true],
    ['**/*.jpg', 'a.jpg', true],
    ['**/*.jpg', 'b/c/a.jpg', true],
    ['**/*.jpg', 'b/.c/a.jpg', false],
    ['b/**', 'b/c/a.jpg', true],
    ['a?.png', 'ab.png', true],
    ['a?.png', 'abc.png', false],
    ['[a-c]x', 'bx', true],
    ['[!a-c]x', 'bx', false],
    ['[!a-c]x', 'dx', true],
    ['*.{jpg,png}', 'a.png', true],
    ['*.{jpg,png}', 'a.gif', false],
    ['a+(b).jpg', 'a+(b).jpg', true],
    ['a.jpg', 'axjpg', false],
    ['[z-a]', '[z-a]', true],
    ['[z-a]', 'q', false],
    ['/tmp/*/x.png', '/tmp/a/x.png', true],
    ['../*/x.png', '../a/x.png', true],
    ['?.png', '\u{1F600}.png', true],
    ['* (1).jpg', 'a (1).jpg', true],
    ['*|*', 'a', false],
    ['"*"', '"b"', true],
    ['*{.jpg', 'a{.jpg', true],
    ['{*.jpg,*.png}', '.a.jpg', false],
  ])('%s for %s: %s', (pattern, path, expected) => {
    expect(matchesGlob(pattern, path)).toBe(expected);
  });

  test('ends soon on patterns of many stars', () => {
    const start = performance.now();
    expect(matchesGlob(`${'**/'.repeat(8)}${'*'.repeat(200)}b`, `${'a/'.repeat(20)}${'a'.repeat(200)}`)).toBe(false);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

test.each([
  ['photos/2020/*.jpg', 'photos/2020', 0],
  ['*.jpg', '.', 0],
  ['/*.jpg', '/', 0],
  ['a/*/b/*.jpg', 'a', 2],
  ['a/**/*.jpg', 'a', Number.POSITIVE_INFINITY],
])('%s begins in %s and reaches %s folders below', (pattern, base, depth) => {
  expect(hasGlob(pattern)).toBe(true);
  expect(globBase(pattern)).toBe(base);
  expect(globDepth(pattern)).toBe(depth);
});
