import { crc32, deflateRawSync } from 'node:zlib';

export interface WrittenEntry {
  readonly name: string;
  readonly content: Uint8Array;
}

export interface ZipOptions {
  readonly deflate?: boolean;
  /** As torch writes: sizes after the data (bit 3), padding in the local header, and a 64-bit directory. */
  readonly torchStyle?: boolean;
}

export function writeZip(
  entries: readonly WrittenEntry[],
  { deflate = false, torchStyle = false }: ZipOptions = {},
): Buffer {
  const pieces: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  const push = (piece: Buffer) => {
    pieces.push(piece);
    offset += piece.length;
  };
  for (const { name, content } of entries) {
    const stored = deflate ? deflateRawSync(content) : Buffer.from(content);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(torchStyle ? 8 : 0, 8);
    central.writeUInt16LE(deflate ? 8 : 0, 10);
    central.writeUInt32LE(crc32(content), 16);
    central.writeUInt32LE(stored.length, 20);
    central.writeUInt32LE(content.length, 24);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt32LE(offset, 42);
    directory.push(central, Buffer.from(name));

    const padding = Buffer.alloc(torchStyle ? 12 : 0, 'Z');
    if (torchStyle) padding.write('FB\x08\x00', 'latin1');
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    central.copy(local, 4, 6, 32 - 2);
    if (torchStyle) local.fill(0, 14, 26);
    local.writeUInt16LE(name.length, 26);
    local.writeUInt16LE(padding.length, 28);
    push(local);
    push(Buffer.from(name));
    push(padding);
    push(stored);
    if (torchStyle) push(Buffer.concat([Buffer.from('PK\x07\x08'), central.subarray(16, 28)]));
  }
  const start = offset;
  directory.forEach(push);
  const size = offset - start;
  if (torchStyle) push(directory64(entries.length, size, start, offset));
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(start, 16);
  push(end);
  return Buffer.concat(pieces);
}

function directory64(count: number, size: number, start: number, here: number): Buffer {
  const record = Buffer.alloc(56 + 20);
  record.writeUInt32LE(0x06064b50, 0);
  record.writeBigUInt64LE(44n, 4);
  record.writeBigUInt64LE(BigInt(count), 24);
  record.writeBigUInt64LE(BigInt(count), 32);
  record.writeBigUInt64LE(BigInt(size), 40);
  record.writeBigUInt64LE(BigInt(start), 48);
  record.writeUInt32LE(0x07064b50, 56);
  record.writeBigUInt64LE(BigInt(here), 64);
  record.writeUInt32LE(1, 72);
  return record;
}
