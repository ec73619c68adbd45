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
  'runtime-missing': 1,
  'ffmpeg-missing': 1,
  'ffmpeg-failed': 1,
  'output-unwritable': 1,
  'place-untrusted': 1,
  'queue-unreachable': 1,
  'store-unreachable': 1,
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
  if (isOutOfMemory(error)) return outOfMemory('Not enough memory.', error);
  if (error instanceof Error && error.name === 'AbortError') {
    return error.cause instanceof UpreelError
      ? error.cause
      : new UpreelError('interrupted', 'Interrupted.', { cause: error });
  }
  return new UpreelError('internal', `Unexpected failure: ${messageOf(error)}`, {
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

/** Found out by the system: what it takes differs from disk to disk. */
export function nameTooLong(path: string, cause: unknown): UpreelError {
  return new UpreelError('output-unwritable', `The disk does not take so long a name: ${path}.`, {
    hint: 'Choose a shorter one with -o.',
    cause,
  });
}

export function outOfMemory(message: string, cause: unknown): UpreelError {
  return new UpreelError('out-of-memory', message, {
    hint: 'Use a smaller --tile, free some memory, or raise the limit that this runs under.',
    cause,
  });
}

/**
 * Whether something failed for lack of memory or address space, whoever found out: V8, libuv, zlib, libvips, glib,
 * onnxruntime, a graphics driver, or the loader of native libraries.
 */
export function isOutOfMemory(error: unknown): boolean {
  if (error instanceof UpreelError) return error.code === 'out-of-memory';
  return MEMORY_CODES.has(systemErrorCode(error) ?? '') || tellsOfLackingMemory(messageOf(error));
}

/** The same for text that a native library or a dying process has left. */
export function tellsOfLackingMemory(text: string): boolean {
  return MEMORY_WORDS.test(text);
}

const MEMORY_CODES = new Set([
  ...['ENOMEM', 'ERR_WORKER_OUT_OF_MEMORY', 'ERR_WORKER_INIT_FAILED', 'ERR_MEMORY_ALLOCATION_FAILED'],
  ...['ERR_ZLIB_INITIALIZATION_FAILED', 'Z_MEM_ERROR'],
]);

/** A thread needs address space for its stack: "Error creating thread" (glib), "pthread_create failed". */
const MEMORY_WORDS = new RegExp(
  [
    ...['bad_alloc', 'bad allocation', 'alloc\\w* fail', '(cannot|can.t|could not|unable to|fail\\w* to) allocate'],
    ...[
      '(out of|not enough|insufficient|available) memory',
      'memory exhausted',
      'process OOM',
      'ENOMEM',
      'vips_malloc',
    ],
    ...['creating thread', 'pthread_create', 'failed to map segment', 'cannot create (a )?thread'],
  ].join('|'),
  'i',
);

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
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
