import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** All living descendants of a process, by /proc; children that have ended but were not reaped do not count. */
export function descendantsOf(pid: number): number[] {
  const children = listChildren();
  const found: number[] = [];
  const visit = (parent: number): void => {
    for (const child of children.get(parent) ?? []) {
      found.push(child);
      visit(child);
    }
  };
  visit(pid);
  return found;
}

/** Of these descendants, the first that runs a script of this name. */
export function descendantRunning(pid: number, script: string): number | undefined {
  return descendantsOf(pid).find((child) => commandLineOf(child).includes(script));
}

function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

export function isAlive(pid: number): boolean {
  const state = statOf(pid)?.state;
  return state !== undefined && state !== 'Z' && state !== 'X';
}

/** Resolves when all have ended; rejects, naming those that live on, after the time is up. */
export async function allEnded(pids: readonly number[], milliseconds: number): Promise<void> {
  const deadline = Date.now() + milliseconds;
  for (;;) {
    const living = pids.filter(isAlive);
    if (living.length === 0) return;
    if (Date.now() > deadline) throw new Error(`Expected processes to end, still alive: ${living.join(', ')}.`);
    await sleep(25);
  }
}

type Probed<T> = T | null | undefined | false;

/** Polls until `probe` gives something. */
export async function until<T>(probe: () => Probed<T> | Promise<Probed<T>>, milliseconds: number): Promise<T> {
  const deadline = Date.now() + milliseconds;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > deadline) throw new Error('Expected something to happen in time; it did not.');
    await sleep(25);
  }
}

function listChildren(): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const stat = statOf(Number(name));
    if (stat) children.set(stat.parent, [...(children.get(stat.parent) ?? []), Number(name)]);
  }
  return children;
}

function statOf(pid: number): { state: string; parent: number } | null {
  try {
    // The name in parentheses may contain anything, so fields are counted from its end.
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parent] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: state!, parent: Number(parent) };
  } catch {
    return null;
  }
}
