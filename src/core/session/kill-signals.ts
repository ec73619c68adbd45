/**
 * Whether a process that ended so was ended from outside, by a person or another program: crashes have other signals.
 */
export function isKill(signal: NodeJS.Signals | null): boolean {
  return signal !== null && KILLS.has(signal);
}

const KILLS: ReadonlySet<NodeJS.Signals> = new Set(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT']);
