import { open } from 'node:fs/promises';
import { type ByteSource, fileSource } from './byte-source.ts';

/** A stretch of a rewritten file: new bytes, or bytes [start, end) of the old file. */
export type Piece = Uint8Array | { readonly start: number; readonly end: number };

/** Writes a new file `to` from pieces of the file `from`: its name. */
export async function rewriteFile(
  from: string,
  to: string,
  piecesOf: (source: ByteSource) => Promise<Piece[]>,
): Promise<string> {
  const handle = await open(from, 'r');
  try {
    const source = await fileSource(handle);
    await writePieces(source, await piecesOf(source), to);
    return to;
  } finally {
    await handle.close();
  }
}

/** Writes a new file from pieces of an old one; the file must not exist. Memory: one block of 1 MiB. */
export async function writePieces(source: ByteSource, pieces: readonly Piece[], to: string): Promise<void> {
  const file = await open(to, 'wx');
  try {
    for (const piece of pieces) {
      if (piece instanceof Uint8Array) await file.writeFile(piece);
      else await copyRange(source, piece.start, piece.end, (bytes) => file.writeFile(bytes));
    }
  } finally {
    await file.close();
  }
}

/** Hands bytes [start, end) of `source` on in blocks. */
export async function copyRange(
  source: ByteSource,
  start: number,
  end: number,
  write: (bytes: Uint8Array) => Promise<unknown>,
): Promise<void> {
  for (let at = start; at < end; ) {
    const block = await source.read(at, Math.min(BLOCK_BYTES, end - at));
    if (block.length === 0) return;
    await write(block);
    at += block.length;
  }
}

const BLOCK_BYTES = 1024 * 1024;
