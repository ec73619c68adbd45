import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { Rational } from '../rational.ts';
import { readEbmlHead, SEGMENT_ID } from '../source/ebml.ts';

/**
 * Writes a rate into the first video track of a finished Matroska or WebM file, as DefaultDuration (RFC 9559,
 * 5.1.4.1.13). ffmpeg's muxer takes the rate from the copied times, which are rounded, and has no option for another.
 * Nothing moves: the number takes the place of the one that is there, or all stays as it is.
 */
export async function markMatroskaRate(path: string, rate: Rational): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const tracks = await findTracks(file);
    if (tracks === null || !setDefaultDuration(tracks.data, rate)) return;
    updateChecksum(tracks.data);
    await file.write(tracks.data, 0, tracks.data.length, tracks.position);
  } finally {
    await file.close();
  }
}

const EBML_ID = 0x1a45dfa3;
const TRACKS_ID = 0x1654ae6b;
const TRACK_ID = 0xae;
const TRACK_TYPE_ID = 0x83;
const DEFAULT_DURATION_ID = 0x23e383;
const CHECKSUM_ID = 0xbf;
const VIDEO_TYPE = 1;
/** Tracks come first, behind a handful of others; a codec's parameters take a few kilobytes. */
const MAX_ELEMENTS = 100;
const MAX_TRACKS_BYTES = 64 * 1024 * 1024;

/** The data of the Tracks element, and where it is. */
async function findTracks(file: FileHandle): Promise<{ position: number; data: Buffer } | null> {
  let position = 0;
  for (let count = 0; count < MAX_ELEMENTS; count++) {
    const head = readEbmlHead(await read(file, position, 12), 0);
    if (head === null) return null;
    position += head.headBytes;
    if (head.id === TRACKS_ID) {
      if (head.dataBytes > MAX_TRACKS_BYTES) return null;
      const data = await read(file, position, head.dataBytes);
      return data.length === head.dataBytes ? { position, data } : null;
    }
    if (count === 0 && head.id !== EBML_ID) return null;
    if (head.id !== SEGMENT_ID) position += head.dataBytes;
  }
  return null;
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

/** @returns false if there is no place for it. */
function setDefaultDuration(tracks: Buffer, { num, den }: Rational): boolean {
  const video = children(tracks)
    .filter(({ id }) => id === TRACK_ID)
    .map(({ data }) => children(data))
    .find((entry) => entry.some(({ id, data }) => id === TRACK_TYPE_ID && data.at(-1) === VIDEO_TYPE));
  const place = video?.find(({ id }) => id === DEFAULT_DURATION_ID)?.data;
  if (place === undefined) return false;
  // Rounded down, as ffmpeg and others do.
  let nanoseconds = (1_000_000_000n * BigInt(den)) / BigInt(num);
  if (nanoseconds === 0n || nanoseconds >= 1n << BigInt(8 * place.length)) return false;
  for (let index = place.length - 1; index >= 0; index--) {
    place[index] = Number(nanoseconds & 0xffn);
    nanoseconds >>= 8n;
  }
  return true;
}

/** The data are views of the parent's. */
function children(parent: Buffer): { id: number; data: Buffer }[] {
  const found: { id: number; data: Buffer }[] = [];
  for (let position = 0; position < parent.length; ) {
    const head = readEbmlHead(parent, position);
    if (head === null) return found;
    const start = position + head.headBytes;
    position = start + head.dataBytes;
    found.push({ id: head.id, data: parent.subarray(start, position) });
  }
  return found;
}

/** RFC 8794, 11.3.1: of all that follows in the parent, low byte first. */
function updateChecksum(parent: Buffer): void {
  const head = readEbmlHead(parent, 0);
  if (head?.id !== CHECKSUM_ID || head.dataBytes !== 4) return;
  parent.writeUInt32LE(crc32(parent.subarray(head.headBytes + 4)), head.headBytes);
}
