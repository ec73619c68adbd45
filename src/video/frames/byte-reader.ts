/** Reads a stream of chunks by known lengths, copying each byte at most once more than the pipe did. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);
  #offset = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /** The next bytes without consuming them: at least `count`, or what is left before the end. */
  async peek(count: number): Promise<Uint8Array> {
    while (this.#chunk.length - this.#offset < count) {
      const next = await this.#chunks.next();
      if (next.done === true) break;
      const rest = this.#chunk.subarray(this.#offset);
      this.#chunk = rest.length === 0 ? next.value : Buffer.concat([rest, next.value]);
      this.#offset = 0;
    }
    return this.#chunk.subarray(this.#offset);
  }

  /** Consumes bytes that were peeked at. */
  skip(count: number): void {
    this.#offset += count;
  }

  /** Fills `target` whole. @returns false if the stream ended before. */
  async readInto(target: Uint8Array): Promise<boolean> {
    let filled = 0;
    while (filled < target.length) {
      if (this.#offset === this.#chunk.length) {
        const next = await this.#chunks.next();
        if (next.done === true) return false;
        this.#chunk = next.value;
        this.#offset = 0;
      }
      const count = Math.min(target.length - filled, this.#chunk.length - this.#offset);
      target.set(this.#chunk.subarray(this.#offset, this.#offset + count), filled);
      this.#offset += count;
      filled += count;
    }
    return true;
  }

  /** Closes the source. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}
