import { refused } from '../import/refusal.ts';

/** Marks a place on the stack. */
export const MARK = Symbol('mark');

/** Stack, memo and bytes of a pickle; every access is checked. */
export class PickleMachine {
  position: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #stack: unknown[] = [];
  readonly #memo = new Map<number, unknown>();

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = start;
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }

  top(): unknown {
    return this.#stack.at(-1);
  }

  pop(): unknown {
    if (this.#stack.length === 0 || this.top() === MARK) throw refused('its pickle takes from an empty stack.');
    return this.#stack.pop();
  }

  popMany(count: number): unknown[] {
    return Array.from({ length: count }, () => this.pop()).reverse();
  }

  popToMark(): unknown[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) throw refused('its pickle has no mark where one belongs.');
    const values = this.#stack.splice(mark + 1);
    this.#stack.pop();
    return values;
  }

  remember(index: number): void {
    const value = this.pop();
    this.#memo.set(index, value);
    this.push(value);
  }

  rememberNext(): void {
    this.remember(this.#memo.size);
  }

  recall(index: number): void {
    if (!this.#memo.has(index)) throw refused('its pickle recalls what it never stored.');
    this.push(this.#memo.get(index));
  }

  skip(length: number): void {
    this.#take(length);
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  double(): number {
    return this.#view.getFloat64(this.#take(8), false);
  }

  text(length: number): string {
    const at = this.#take(length);
    return Buffer.from(this.#bytes.subarray(at, at + length)).toString('utf8');
  }

  /** Two's complement, little-endian. */
  long(length: number): number | bigint {
    if (length > MAX_LONG_BYTES) throw refused('its pickle has an absurdly long number.');
    const at = this.#take(length);
    const value = this.#bytes.subarray(at, at + length).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    const signed = BigInt.asIntN(8 * length, value);
    return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
  }

  /** Text up to the end of the line. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.position);
    if (end < 0 || end - this.position > MAX_LINE) throw refused('its pickle has an endless name.');
    const at = this.#take(end + 1 - this.position);
    return Buffer.from(this.#bytes.subarray(at, end)).toString('utf8');
  }

  #take(length: number): number {
    const at = this.position;
    if (length > this.#bytes.length - at) throw refused('its pickle is cut off.');
    this.position += length;
    return at;
  }
}

const MAX_LONG_BYTES = 16;
const MAX_LINE = 200;
