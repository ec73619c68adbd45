import type { ErrorRecord } from '../core/errors.ts';
import { type Charset, safeText } from '../tui/index.ts';

export interface ErrorTextOptions {
  /** Adds where it was raised and what caused it. */
  readonly verbose?: boolean;
  readonly charset?: Charset;
}

/** What a person reads on stderr, with a line feed at the end: "upreel: MESSAGE" and, indented, the hint. */
export function errorText(error: ErrorRecord, options: ErrorTextOptions = {}): string {
  const { verbose = false, charset = 'utf8' } = options;
  const lines = [`upreel: ${safeText(error.message, { charset })}`];
  if (error.hint !== '') lines.push(`  ${safeText(error.hint, { charset })}`);
  if (verbose && error.detail !== '') {
    for (const line of error.detail.split('\n')) lines.push(`    ${safeText(line.trimEnd(), { charset })}`);
  }
  return `${lines.join('\n')}\n`;
}
