import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { isLockHeld, type ProcessLock, takeLock } from '../../store/index.ts';
import { supervisorLock } from './job-id.ts';
import { inExistingState, inState, stateRoot } from './state-folder.ts';

/**
 * Jobs that want the same device take turns, without anybody who rules them: each that waits has a ticket, an empty
 * file whose name says its order, its job and its devices; each device is a lock, held by who runs. Both are nothing
 * without the living process behind them.
 */
export interface Turn {
  release(): Promise<void>;
}

export interface Waiting {
  readonly id: string;
  readonly devices: readonly string[];
}

interface Ticket extends Waiting {
  readonly name: string;
  /** Milliseconds at which it was drawn; moved tickets have swapped theirs. */
  readonly order: number;
}

const LOOKS_FOR_ALL = 20;

/** One job's place in the queue. Not for two callers at once. */
export class QueuePlace {
  readonly #waiting: Waiting;
  #order = Date.now();
  #looks = 0;

  constructor(waiting: Waiting) {
    this.#waiting = waiting;
  }

  /** Takes the turn if it is this job's. @returns how many are before it, from 1, if not. */
  async take(): Promise<Turn | number> {
    const mine = await this.#draw();
    const rivals = (await listTickets()).filter((ticket) => ticket.id !== mine.id && sharesDevice(ticket, mine));
    const ahead = await this.#living(rivals.filter((other) => isBefore(other, mine)));
    if (ahead > 0) return ahead + 1;
    const locks = await takeAll(this.#waiting.devices);
    if (locks === null) return 1;
    await this.leave();
    return { release: async () => void (await Promise.all(locks.map((lock) => lock.release()))) };
  }

  /** Waits no longer; coming back it has the place that it had. */
  async leave(): Promise<void> {
    for (const { id, name, order } of await listTickets()) {
      if (id !== this.#waiting.id) continue;
      this.#order = order;
      await inState('queue', (queue) => queue.remove(name));
    }
  }

  /**
   * How many of them somebody stands behind; the tickets of the others go. One that lives before this job is enough to
   * wait: whether the rest do is asked now and then, so that a long queue costs little.
   */
  async #living(tickets: readonly Ticket[]): Promise<number> {
    const asksAll = this.#looks++ % LOOKS_FOR_ALL === 0;
    let living = 0;
    for (const { id, name } of tickets) {
      if ((living > 0 && !asksAll) || (await isLockHeld(supervisorLock(id)))) living++;
      else await inState('queue', (queue) => queue.remove(name));
    }
    return living;
  }

  async #draw(): Promise<Ticket> {
    const { id, devices } = this.#waiting;
    // Twice: a ticket that is being moved may be seen under neither of its names.
    const found = (await findTicket(id)) ?? (await findTicket(id));
    if (found !== null) {
      this.#order = found.order;
      return found;
    }
    const name = ticketName({ id, devices, order: this.#order });
    await inState('queue', (queue) => queue.create(name));
    return { id, devices, order: this.#order, name };
  }
}

/**
 * Changes places with the one before it or after it, of those that want the same device.
 * @returns false: there is none.
 */
export async function moveInQueue(id: string, direction: 'up' | 'down'): Promise<boolean> {
  const mine = await findTicket(id);
  if (mine === null) return false;
  const rivals = (await listTickets()).filter((ticket) => sharesDevice(ticket, mine));
  const living = await Promise.all(rivals.map((ticket) => isLockHeld(supervisorLock(ticket.id))));
  const line = rivals.filter((_, index) => living[index]);
  const other = line[line.findIndex((ticket) => ticket.id === id) + (direction === 'up' ? -1 : 1)];
  if (other === undefined) return false;
  await inState('queue', async (queue) => {
    // Equal orders between the two steps are decided by the ids: nobody is lost.
    await rename(queue.at(mine.name), queue.at(ticketName({ ...mine, order: other.order })));
    await rename(queue.at(other.name), queue.at(ticketName({ ...other, order: mine.order })));
  });
  return true;
}

async function findTicket(id: string): Promise<Ticket | null> {
  return (await listTickets()).find((ticket) => ticket.id === id) ?? null;
}

/** First come first. */
async function listTickets(): Promise<readonly Ticket[]> {
  const names = await inExistingState('queue', [], (queue) => queue.names());
  return names.flatMap((name) => parseTicket(name) ?? []).sort((a, b) => (isBefore(a, b) ? -1 : 1));
}

function isBefore(a: Ticket, b: Ticket): boolean {
  return a.order === b.order ? a.id < b.id : a.order < b.order;
}

/** `1732438800000-abcd1234-cuda.0+cuda.1`: no character that a file system refuses. */
function ticketName({ order, id, devices }: Omit<Ticket, 'name'>): string {
  return `${order}-${id}-${devices.join('+').replaceAll(':', '.')}`;
}

function parseTicket(name: string): Ticket | null {
  const [, order, id, devices] = /^(\d{1,15})-([0-9a-z]{8})-([a-z0-9.+]+)$/.exec(name) ?? [];
  if (order === undefined || id === undefined || devices === undefined) return null;
  return { name, order: Number(order), id, devices: devices.replaceAll('.', ':').split('+') };
}

function sharesDevice(a: Waiting, b: Waiting): boolean {
  return a.devices.some((device) => b.devices.includes(device));
}

/** All or none, so that two jobs with several devices cannot hold each other up. */
async function takeAll(devices: readonly string[]): Promise<readonly ProcessLock[] | null> {
  const locks: ProcessLock[] = [];
  for (const device of [...devices].sort()) {
    const lock = await takeLock(`device:${join(stateRoot(), 'queue')}:${device}`, 0);
    if (lock !== null) {
      locks.push(lock);
      continue;
    }
    await Promise.all(locks.map((held) => held.release()));
    return null;
  }
  return locks;
}
