import { createHash } from 'node:crypto';
import { mkdir, unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemErrorCode } from '../core/errors.ts';

/** A name that one living process on this machine holds. The system takes it back when the process ends, however. */
export interface ProcessLock {
  release(): Promise<void>;
}

/**
 * Takes a lock by listening on a socket of that name: an abstract one on Linux and a named pipe on Windows, which end
 * with their process; elsewhere a socket file, which is dead when nobody answers on it. Children do not inherit it.
 * @param patienceMs how long to wait for the holder to end: a killed supervisor's engine needs a moment.
 * @returns null if another process holds it.
 */
export async function takeLock(subject: string, patienceMs: number): Promise<ProcessLock | null> {
  const address = addressOf(subject);
  if (isFile(address)) await mkdir(dirname(address), { mode: 0o700 }).catch(() => {});
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const server = await listen(address);
    if (server !== null) return { release: () => new Promise((resolve) => server.close(() => resolve())) };
    // A dead one goes; what cannot be removed is somebody else's.
    const isGone = isFile(address) && !(await isAnswered(address)) && (await unlinked(address));
    if (isGone) continue;
    if (performance.now() >= deadline) return null;
    await sleep(100);
  }
}

/** Whether a living process holds it. */
export function isLockHeld(subject: string): Promise<boolean> {
  return isAnswered(addressOf(subject));
}

function addressOf(subject: string): string {
  const name = `upreel-${createHash('sha256').update(subject).digest('hex').slice(0, 24)}`;
  if (process.platform === 'linux') return `\0${name}`;
  if (process.platform === 'win32') return `\\\\.\\pipe\\${name}`;
  // In a folder of the user's own: names beside it are anybody's to take.
  return join(tmpdir(), `upreel-${process.getuid?.() ?? 0}`, `${name}.sock`);
}

async function unlinked(address: string): Promise<boolean> {
  return unlink(address).then(
    () => true,
    () => false,
  );
}

function isFile(address: string): boolean {
  return address.endsWith('.sock');
}

/** null if the name is taken. */
function listen(address: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    // Whoever connects learns that somebody lives here, and nothing else.
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error) => {
      if (systemErrorCode(error) === 'EADDRINUSE') resolve(null);
      else reject(error);
    });
    server.listen(address, () => resolve(server.unref()));
  });
}

function isAnswered(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address);
    const end = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false));
  });
}
