import { type FileHandle, open } from 'node:fs/promises';
import { readVariableInteger, SEGMENT_ID } from './ebml.ts';

/**
 * Looks whether a container's own framing goes past the end of the file: the sure sign of a cut-off file, which
 * ffmpeg passes over in silence. Reads a few bytes per top-level element.
 * @returns what is missing, for a sentence ("its Matroska segment lacks the last 1200 bytes"), or null if nothing is.
 */
export async function findCutOff(path: string, fileBytes: number, formatName: string): Promise<string | null> {
  const names = formatName.split(',');
  const check = CHECKS.find(([name]) => names.includes(name))?.[1];
  if (check === undefined) return null;
  const file = await open(path, 'r');
  try {
    return await check({
      bytes: fileBytes,
      read: async (position, length) => {
        const buffer = Buffer.alloc(length);
        const { bytesRead } = await file.read(buffer, 0, length, position);
        return buffer.subarray(0, bytesRead);
      },
    });
  } finally {
    await (file as FileHandle).close();
  }
}

/** True if the file begins like an MP4 or QuickTime file: tells a cut-off film from a text with a film's name. */
export async function looksLikeMp4(path: string): Promise<boolean> {
  const head = await readHead(path);
  return ['ftyp', 'moov', 'mdat', 'wide', 'free', 'skip'].includes(head.slice(4));
}

/** True if the file begins like a Matroska or WebM file (RFC 8794, 11.2.1). */
export async function looksLikeMatroska(path: string): Promise<boolean> {
  return (await readHead(path)).startsWith('\x1a\x45\xdf\xa3');
}

/** True if the file begins like an HLS playlist (RFC 8216, 4.3.1.1). */
export async function looksLikePlaylist(path: string): Promise<boolean> {
  return (await readHead(path)).startsWith('#EXTM3U');
}

async function readHead(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(8), 0, 8, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}

interface Source {
  readonly bytes: number;
  /** Fewer bytes than asked for at the end of the file. */
  read(position: number, length: number): Promise<Buffer>;
}

const CHECKS: readonly (readonly [string, (source: Source) => Promise<string | null>])[] = [
  ['matroska', checkMatroska],
  ['mov', checkMp4],
  ['avi', checkAvi],
  ['asf', checkAsf],
  ['ogg', checkOgg],
  ['gif', checkGif],
];

/** Enough for a day of fragments or clusters; more elements than this are not looked at. */
const MAX_ELEMENTS = 100_000;

/** ISO/IEC 14496-12, 4.2: size, type, optional 64-bit size; a size of 0 means "to the end of the file". */
async function checkMp4({ bytes, read }: Source): Promise<string | null> {
  let position = 0;
  for (let count = 0; position < bytes && count < MAX_ELEMENTS; count++) {
    const head = await read(position, 16);
    if (head.length < 8) return null;
    const type = head.toString('latin1', 4, 8);
    let size = head.readUInt32BE(0);
    if (size === 0) return null;
    if (size === 1) size = head.length === 16 ? Number(head.readBigUInt64BE(8)) : 16;
    if (size < 8) return null;
    position += size;
    if (position > bytes) return lacks(`"${type.replace(/[^ -~]/g, '?')}" box`, position - bytes);
  }
  return null;
}

/** RFC 8794: element id and size are variable-length integers; a size of all ones is unknown (a live recording). */
async function checkMatroska({ bytes, read }: Source): Promise<string | null> {
  let position = 0;
  for (let count = 0; position < bytes && count < MAX_ELEMENTS; count++) {
    const head = await read(position, 12);
    const id = readVariableInteger(head, 0, true);
    const size = id === null ? null : readVariableInteger(head, id.length, false);
    if (id === null || size === null) return null;
    const start = position + id.length + size.length;
    if (size.isUnknown) {
      // The children of an unknown-sized segment follow at once; an unknown-sized cluster's end cannot be told.
      if (id.value !== SEGMENT_ID) return null;
      position = start;
      continue;
    }
    position = start + size.value;
    if (position > bytes)
      return lacks(id.value === SEGMENT_ID ? 'Matroska segment' : 'last Matroska element', position - bytes);
  }
  return null;
}

/** RIFF chunks one after the other (OpenDML files have several). Size 0 is an unfinished recording's, -1 a pipe's. */
async function checkAvi({ bytes, read }: Source): Promise<string | null> {
  let position = 0;
  for (let count = 0; position < bytes && count < MAX_ELEMENTS; count++) {
    const head = await read(position, 8);
    if (head.length < 8 || head.toString('latin1', 0, 4) !== 'RIFF') return null;
    const size = head.readUInt32LE(4);
    if (size === 0) return 'its index was never written (RIFF size 0)';
    if (size === 0xffff_ffff) return null;
    position += 8 + size;
    if (position > bytes) return lacks('RIFF chunk', position - bytes);
    position += size % 2;
  }
  return null;
}

/** ASF specification, 3.2: the file's size stands 40 bytes into the file properties object. */
async function checkAsf({ bytes, read }: Source): Promise<string | null> {
  const head = await read(0, 64 * 1024);
  const at = head.indexOf(ASF_FILE_PROPERTIES);
  if (at < 0 || at + 48 > head.length) return null;
  const declared = Number(head.readBigUInt64LE(at + 40));
  return declared > bytes ? lacks('ASF file', declared - bytes) : null;
}

const ASF_FILE_PROPERTIES = Buffer.from('a1dcab8c47a9cf118ee400c00c205365', 'hex');

/** RFC 3533: the last page must end where the file ends. */
async function checkOgg({ bytes, read }: Source): Promise<string | null> {
  const start = Math.max(0, bytes - 128 * 1024);
  const tail = await read(start, bytes - start);
  const page = tail.lastIndexOf('OggS');
  if (page < 0) return null;
  const segments = tail[page + 26];
  if (segments === undefined || page + 27 + segments > tail.length) return 'its last Ogg page is incomplete';
  const body = tail.subarray(page + 27, page + 27 + segments).reduce((sum, lacing) => sum + lacing, 0);
  const end = page + 27 + segments + body;
  return end > tail.length ? lacks('last Ogg page', end - tail.length) : null;
}

/** GIF89a, 27: an empty block and the trailer 0x3B end the file; some writers pad it with zeros. */
async function checkGif({ bytes, read }: Source): Promise<string | null> {
  const tail = await read(Math.max(0, bytes - 4096), 4096);
  let end = tail.length;
  while (end > 0 && tail[end - 1] === 0) end--;
  return tail[end - 1] === 0x3b && tail[end - 2] === 0 ? null : 'its end mark is missing';
}

function lacks(what: string, count: number): string {
  return `its ${what} lacks the last ${count} bytes`;
}
