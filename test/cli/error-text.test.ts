import { describe, expect, it } from 'vitest';
import { errorText } from '../../src/cli/error-text.ts';
import type { ErrorRecord } from '../../src/core/errors.ts';

const record: ErrorRecord = {
  code: 'input-missing',
  message: 'There is no file b\x1b]0;x\x07.mp4.',
  hint: 'Check the name.',
  detail: 'UpreelError: There is no file\n    at open (input.ts:3:1)\x1b[2J\ncaused by: ENOENT',
};

describe('errorText', () => {
  it('says what was wrong and, indented, what to do', () => {
    expect(errorText(record)).toBe('upreel: There is no file b\\x1b]0;x\\x07.mp4.\n  Check the name.\n');
  });

  it('leaves out an empty hint', () => {
    expect(errorText({ ...record, hint: '' })).toBe('upreel: There is no file b\\x1b]0;x\\x07.mp4.\n');
  });

  it('adds the detail line by line when asked to be verbose', () => {
    expect(errorText(record, { verbose: true }).split('\n').slice(2)).toEqual([
      '    UpreelError: There is no file',
      '        at open (input.ts:3:1)\\x1b[2J',
      '    caused by: ENOENT',
      '',
    ]);
  });

  it('is ASCII where the locale is not UTF-8', () => {
    expect(errorText({ ...record, message: 'Ä', hint: '' }, { charset: 'ascii' })).toBe('upreel: ?\n');
  });
});
