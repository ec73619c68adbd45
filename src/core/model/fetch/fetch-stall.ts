/** Calls `expire` when it has not been touched for so long. */
export function watchFor(milliseconds: number, expire: () => void): { touch(): void; end(): void } {
  const timer = setTimeout(expire, milliseconds);
  return { touch: () => void timer.refresh(), end: () => clearTimeout(timer) };
}
