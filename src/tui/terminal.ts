/** The terminal that a view is painted on: process.stdout has this shape. */
export interface Terminal {
  readonly columns?: number;
  readonly rows?: number;
  write(data: string, done?: () => void): unknown;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
}

/** One update is shown at once, where the terminal knows of that (synchronized output, DEC private mode 2026). */
export function asOneUpdate(data: string): string {
  return `\x1b[?2026h${data}\x1b[?2026l`;
}

/** A hung-up terminal (EIO, EPIPE) must not end the work that it was watching. */
export function outliveTerminal(stdout: NodeJS.WriteStream): void {
  stdout.on('error', () => undefined);
}

/** Resolves when all is written, or can never be. */
export async function allWritten(stdout: NodeJS.WriteStream): Promise<void> {
  await new Promise<void>((resolve) => {
    if (stdout.destroyed) resolve();
    else stdout.write('', () => resolve());
  });
}
