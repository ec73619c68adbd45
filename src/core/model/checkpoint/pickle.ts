import { refused } from '../import/refusal.ts';
import { MARK, PickleMachine } from './pickle-machine.ts';

/** A name that a pickle refers to, such as "collections.OrderedDict": only a name, nothing is looked up or called. */
export class PickleGlobal {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** What the caller makes of the few names and references that it allows; both throw on others. */
export interface PickleMeaning {
  /** The result of calling the named thing. */
  call(name: string, args: readonly unknown[]): unknown;
  /** The thing outside the pickle that an id stands for. */
  resolve(id: unknown): unknown;
}

/**
 * Reads one pickle: a small stack machine over plain data. Operations outside the table below are refused, so nothing
 * can be imported, constructed or called but what `meaning` allows.
 * @returns where the pickle ends, and its value: dictionaries are Maps, lists and tuples arrays, whole numbers
 *   `number`, or bigint beyond 2^53
 * @throws UpreelError `model-refused`
 */
export function readPickle(bytes: Uint8Array, start: number, meaning: PickleMeaning): { value: unknown; end: number } {
  const machine = new PickleMachine(bytes, start);
  for (let count = 0; count < MAX_OPERATIONS; count++) {
    const opcode = String.fromCharCode(machine.u8());
    if (opcode === '.') return { value: machine.pop(), end: machine.position };
    const operation = OPERATIONS.get(opcode);
    if (operation === undefined) {
      throw refused(`its pickle has the operation 0x${opcode.charCodeAt(0).toString(16)}, which no checkpoint needs.`);
    }
    operation(machine, meaning);
  }
  throw refused(`its pickle has more than ${MAX_OPERATIONS} operations.`);
}

/** A tensor takes about 30: enough for 20,000 of them, and too few to fill memory with empty dictionaries. */
const MAX_OPERATIONS = 600_000;

type Operation = (machine: PickleMachine, meaning: PickleMeaning) => void;

/** By opcode, in the groups of Python's pickletools. */
const OPERATIONS: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  // Protocol and frames.
  ['\x80', (m) => checkProtocol(m.u8())],
  ['\x95', (m) => m.skip(8)],
  // Numbers, constants and text.
  ['N', (m) => m.push(null)],
  ['\x88', (m) => m.push(true)],
  ['\x89', (m) => m.push(false)],
  ['K', (m) => m.push(m.u8())],
  ['M', (m) => m.push(m.u16())],
  ['J', (m) => m.push(m.u32() | 0)],
  ['\x8a', (m) => m.push(m.long(m.u8()))],
  ['G', (m) => m.push(m.double())],
  ['X', (m) => m.push(m.text(m.u32()))],
  ['T', (m) => m.push(m.text(m.u32()))],
  ['U', (m) => m.push(m.text(m.u8()))],
  ['\x8c', (m) => m.push(m.text(m.u8()))],
  // Containers.
  ['(', (m) => m.push(MARK)],
  ['}', (m) => m.push(new Map())],
  [']', (m) => m.push([])],
  [')', (m) => m.push([])],
  ['t', (m) => m.push(m.popToMark())],
  ['\x85', (m) => m.push(m.popMany(1))],
  ['\x86', (m) => m.push(m.popMany(2))],
  ['\x87', (m) => m.push(m.popMany(3))],
  ['s', (m) => setItems(m, m.popMany(2))],
  ['u', (m) => setItems(m, m.popToMark())],
  ['a', (m) => append(m, m.popMany(1))],
  ['e', (m) => append(m, m.popToMark())],
  // Memo.
  ['q', (m) => m.remember(m.u8())],
  ['r', (m) => m.remember(m.u32())],
  ['\x94', (m) => m.rememberNext()],
  ['h', (m) => m.recall(m.u8())],
  ['j', (m) => m.recall(m.u32())],
  // Names, calls and references: only what the meaning allows.
  ['c', (m) => m.push(new PickleGlobal(`${m.line()}.${m.line()}`))],
  ['\x93', pushNamed],
  ['R', call],
  ['b', setState],
  ['Q', (m, meaning) => m.push(meaning.resolve(m.pop()))],
]);

function checkProtocol(version: number): void {
  if (version > 5) throw refused('its pickle has an unknown version.');
}

function setItems(machine: PickleMachine, items: readonly unknown[]): void {
  const target = machine.top();
  if (!(target instanceof Map) || items.length % 2 !== 0) throw refused('its pickle fills what is no dictionary.');
  for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1]);
}

function pushNamed(machine: PickleMachine): void {
  const [module, name] = machine.popMany(2);
  if (typeof module !== 'string' || typeof name !== 'string') throw refused('its pickle names something without text.');
  machine.push(new PickleGlobal(`${module}.${name}`));
}

function append(machine: PickleMachine, items: readonly unknown[]): void {
  const target = machine.top();
  if (!Array.isArray(target)) throw refused('its pickle fills what is no list.');
  for (const item of items) target.push(item);
}

function call(machine: PickleMachine, meaning: PickleMeaning): void {
  const [callable, args] = machine.popMany(2);
  if (!(callable instanceof PickleGlobal) || !Array.isArray(args)) throw refused('its pickle calls what has no name.');
  machine.push(meaning.call(callable.name, args));
}

/** torch hangs the versions of its modules on the dictionary: of no use here. */
function setState(machine: PickleMachine): void {
  machine.pop();
  if (!(machine.top() instanceof Map)) throw refused('its pickle sets the state of an object.');
}
