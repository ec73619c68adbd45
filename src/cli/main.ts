import { CommanderError } from 'commander';
import { EXIT_CODES, toErrorRecord, UpreelError } from '../core/errors.ts';
import { errorText } from './error-text.ts';
import { buildProgram } from './program.ts';

/** Runs a command line, and sets the process's exit code. @param words without the program */
export async function runProgram(words: readonly string[]): Promise<void> {
  try {
    const program = await buildProgram(words);
    await program.parseAsync();
  } catch (error) {
    process.exitCode = error instanceof CommanderError ? usageExit(error) : reportError(error);
  }
}

/** Commander has told people; programs that asked for JSON lines get their last record too. */
function usageExit(error: CommanderError): number {
  if (error.exitCode === 0) return 0;
  if (process.argv.includes('--json')) {
    const { code, message, hint } = toErrorRecord(
      new UpreelError('usage', error.message, { hint: 'See upreel --help.' }),
    );
    process.stdout.write(`${JSON.stringify({ v: 1, type: 'exit', code: 2, error: { code, message, hint } })}\n`);
  }
  return 2;
}

function reportError(error: unknown): number {
  const record = toErrorRecord(error);
  process.stderr.write(errorText(record, { verbose: process.argv.includes('--verbose') }));
  return EXIT_CODES[record.code];
}
