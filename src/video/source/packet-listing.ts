import { demuxerErrorOf, parseJsonPacket, type ScannedPacket } from './scan.ts';

/** Takes down all packets of a file, of every stream, as ffprobe lists them in compact JSON. */
export class PacketListing {
  readonly #streams = new Map<number, ScannedPacket[]>();
  #count = 0;
  #isGood = true;

  read(line: string): void {
    if (!this.#isGood) return;
    const found = parseJsonPacket(line);
    if (found === null) return;
    if (this.#count++ === MOST_PACKETS) {
      this.#giveUp();
      return;
    }
    const packets = this.#streams.get(found.stream);
    if (packets === undefined) this.#streams.set(found.stream, [found.packet]);
    else packets.push(found.packet);
  }

  /** Whose stream a complaint is about, it does not say: a listing of the one that matters has to be made. */
  readMessage(message: string): void {
    if (demuxerErrorOf(message) !== null) this.#giveUp();
  }

  /** Of one stream, as stored; null where a listing of that stream alone might say more. */
  of(stream: number): readonly ScannedPacket[] | null {
    return this.#isGood ? (this.#streams.get(stream) ?? []) : null;
  }

  #giveUp(): void {
    this.#isGood = false;
    this.#streams.clear();
  }
}

/** Far more than a short film has; tables can claim any number. */
const MOST_PACKETS = 500_000;
