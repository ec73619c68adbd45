import { EXIT_CODES, toErrorRecord } from '../core/errors.ts';
import { errorText } from './error-text.ts';

/**
 * To be imported before everything else: what fails while the program is being loaded (a native library that does not
 * fit the memory limit, for one) or where nobody waits for it ends the program with a sentence and its exit code.
 */
process.on('uncaughtException', (error) => {
  const record = toErrorRecord(error);
  process.stderr.write(errorText(record, { verbose: process.argv.includes('--verbose') }));
  process.exit(EXIT_CODES[record.code]);
});
