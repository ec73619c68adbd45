import { describe, expect, it } from 'vitest';
import { chooseLook } from '../../src/tui/look.ts';
import { columnsOf } from '../../src/tui/text-columns.ts';

describe('chooseLook', () => {
  it.each([
    [{ LANG: 'en_US.UTF-8' }, 'linux', 'utf8'],
    [{ LANG: 'C.utf8' }, 'linux', 'utf8'],
    [{ LANG: 'de_DE.ISO-8859-1' }, 'linux', 'ascii'],
    [{ LANG: 'en_US.UTF-8', LC_ALL: 'C' }, 'linux', 'ascii'],
    [{ LANG: 'C', LC_CTYPE: 'en_US.UTF-8', LC_ALL: '' }, 'linux', 'utf8'],
    [{}, 'linux', 'ascii'],
    [{}, 'darwin', 'utf8'],
    [{}, 'win32', 'utf8'],
  ] as const)('reads the characters of %j on %s as %s', (env, platform, charset) => {
    expect(chooseLook(env, platform).charset).toBe(charset);
  });

  it.each([
    [{}, true],
    [{ NO_COLOR: '' }, true],
    [{ NO_COLOR: '1' }, false],
    [{ TERM: 'dumb' }, false],
  ])('reads the colours of %j as %s', (env, colour) => {
    expect(chooseLook(env, 'linux').colour).toBe(colour);
  });

  it('gives every state a symbol of its own, one column wide', () => {
    for (const env of [{ LANG: 'C' }, { LANG: 'C.UTF-8' }]) {
      const { done, failed, running, stopped, waiting, warning } = chooseLook(env, 'linux').symbols;
      const states = [done, failed, running, stopped, waiting, warning];
      expect(new Set(states).size).toBe(states.length);
      for (const symbol of states) expect(columnsOf(symbol)).toBe(1);
    }
  });
});
