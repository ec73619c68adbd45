import { describe, expect, it } from 'vitest';
import { chooseReporter } from '../../src/cli/report/reporter.ts';

describe('chooseReporter', () => {
  const terminal = { json: false, noTui: false, stdoutIsTty: true, env: { TERM: 'xterm-256color' } };
  it.each([
    ['the view on a terminal', {}, 'view'],
    ['JSON lines when asked for, on a terminal too', { json: true }, 'json'],
    ['JSON lines when asked for, without a terminal', { json: true, noTui: true, stdoutIsTty: false }, 'json'],
    ['plain lines with --no-tui', { noTui: true }, 'plain'],
    ['plain lines without a terminal', { stdoutIsTty: false }, 'plain'],
    ['plain lines on a dumb terminal', { env: { TERM: 'dumb' } }, 'plain'],
    ['plain lines in CI', { env: { TERM: 'xterm', CI: 'true' } }, 'plain'],
    ['plain lines in CI of the older kind', { env: { TERM: 'xterm', CONTINUOUS_INTEGRATION: '1' } }, 'plain'],
    ['the view when CI says no', { env: { TERM: 'xterm', CI: 'false' } }, 'view'],
    ['the view without colours', { env: { TERM: 'xterm', NO_COLOR: '1' } }, 'view'],
    ['plain lines for a screen reader', { env: { TERM: 'xterm', INK_SCREEN_READER: 'true' } }, 'plain'],
  ] as const)('chooses %s', (_, changes, kind) => {
    expect(chooseReporter({ ...terminal, ...changes })).toBe(kind);
  });
});
