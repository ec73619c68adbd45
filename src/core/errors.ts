/** Every error that upreel raises on purpose. `code` is for programs, `message` and `hint` are for people. */
export class UpreelError extends Error {
  override readonly name = 'UpreelError';
  readonly code: ErrorCode;
  /** One sentence that says what to do; empty if there is nothing useful to say. */
  readonly hint: string;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? '';
  }

  get exitCode(): number {
    return EXIT_CODES[this.code];
  }
}

/** The documented exit code of each error code (README, "Exit codes"). */
export const EXIT_CODES = {
  internal: 1,
  'engine-died': 1,
  'ffmpeg-missing': 1,
  'ffmpeg-failed': 1,
  'output-unwritable': 1,
  usage: 2,
  'output-exists': 2,
  'input-missing': 3,
  'input-unreadable': 3,
  'input-damaged': 3,
  'input-unsupported': 3,
  'input-too-large': 3,
  'verification-failed': 4,
  'model-missing': 5,
  'model-download-failed': 5,
  'model-refused': 5,
  'model-unsupported': 5,
  'disk-full': 6,
  'job-running': 7,
  'device-unavailable': 8,
  'out-of-memory': 8,
  'some-failed': 9,
  'output-closed': 141,
  interrupted: 130,
  terminated: 143,
} as const satisfies Record<string, number>;

export type ErrorCode = keyof typeof EXIT_CODES;

/** A plain copy of an error that survives a process boundary. */
export interface ErrorRecord {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  /** Where it was raised and what caused it: for logs, never for the terminal. */
  readonly detail: string;
}

export function toErrorRecord(error: unknown): ErrorRecord {
  const known = asUpreelError(error);
  return { code: known.code, message: known.message, hint: known.hint, detail: describeChain(known) };
}

export function fromErrorRecord(record: ErrorRecord): UpreelError {
  return new UpreelError(record.code, record.message, { hint: record.hint, cause: record.detail });
}

/** Any thrown value as an UpreelError; a full disk and an abort keep their meaning, the rest is `internal`. */
export function asUpreelError(error: unknown): UpreelError {
  if (error instanceof UpreelError) return error;
  const systemCode = systemErrorCode(error);
  if (systemCode === 'ENOSPC' || systemCode === 'EDQUOT') return diskFull(error);
  if (error instanceof RangeError && /allocation failed/i.test(error.message)) {
    return new UpreelError('out-of-memory', 'Not enough memory.', {
      hint: 'Use a smaller --tile, or free some memory.',
      cause: error,
    });
  }
  if (error instanceof Error && error.name === 'AbortError') {
    return error.cause instanceof UpreelError
      ? error.cause
      : new UpreelError('interrupted', 'Interrupted.', { cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new UpreelError('internal', `Unexpected failure: ${message}`, {
    hint: 'This is a bug in upreel: please report it with the output of the same command under --verbose.',
    cause: error,
  });
}

export function diskFull(cause: unknown, where?: string): UpreelError {
  return new UpreelError('disk-full', `No space left on the disk${where === undefined ? '' : ` of ${where}`}.`, {
    hint: 'Free some space, or choose another disk with -o, and run the same command again.',
    cause,
  });
}

/** The `code` of a Node.js system error (ENOENT, ENOSPC, ...), or undefined. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

function describeChain(error: Error): string {
  const parts: string[] = [];
  for (
    let link: unknown = error;
    link !== undefined && parts.length < 8;
    link = link instanceof Error ? link.cause : undefined
  ) {
    parts.push(link instanceof Error ? (link.stack ?? link.message) : String(link));
  }
  return parts.join('\ncaused by: ');
}
