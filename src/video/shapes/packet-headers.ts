import type { Rational } from '../rational.ts';

/** What the head of a packet says of its picture, in a form that differs where pictures do. */
export interface PacketHeader {
  readonly fingerprint: string;
  /** Only where the container's word hides what the picture says of its pixels: of DV. */
  readonly sampleAspectRatio: Rational | null;
}

/** Codecs whose packets each begin with a header that is found and read without decoding. */
export const HEADED_CODECS: readonly string[] = ['mjpeg', 'prores', 'dnxhd', 'dvvideo'];

/**
 * @param bytes from the packet's position in the file on: what the container puts before it may come first.
 * @returns null where no header is found in them.
 */
export function readPacketHeader(codec: string, bytes: Buffer): PacketHeader | null {
  switch (codec) {
    case 'mjpeg':
      return readJpeg(bytes);
    case 'prores': {
      const at = find(bytes, (place) => bytes.toString('latin1', place, place + 4) === 'icpf');
      return at === null ? null : plain(bytes, at + 12, 4);
    }
    case 'dnxhd': {
      const at = find(bytes, (place) => isDnxhd(bytes, place));
      return at === null ? null : plain(bytes, at + 24, 4);
    }
    case 'dvvideo':
      return readDv(bytes);
    default:
      return null;
  }
}

/** What a container puts before a packet is shorter. */
const LONGEST_PREFIX = 64;

function find(bytes: Buffer, isStart: (place: number) => boolean): number | null {
  for (let place = 0; place < Math.min(LONGEST_PREFIX, bytes.length - 4); place++) if (isStart(place)) return place;
  return null;
}

/** Height and width, in whichever order they are stored. */
function plain(bytes: Buffer, start: number, length: number): PacketHeader | null {
  if (start + length > bytes.length) return null;
  return { fingerprint: bytes.toString('hex', start, start + length), sampleAspectRatio: null };
}

/** Header prefixes of SMPTE VC-3. */
function isDnxhd(bytes: Buffer, place: number): boolean {
  const [first, second, size, high, version] = bytes.subarray(place, place + 5);
  return first === 0 && second === 0 && size! >= 2 && size! <= 3 && (high! & 0xf3) === 0x80 && version! <= 3;
}

/** JPEG, ISO/IEC 10918-1: from SOI from segment to segment until that of the frame, SOF. */
function readJpeg(bytes: Buffer): PacketHeader | null {
  const start = find(bytes, (place) => bytes.readUIntBE(place, 3) === 0xffd8ff);
  if (start === null) return null;
  for (let place = start + 2; place + 10 <= bytes.length; ) {
    if (bytes[place] !== 0xff) return null;
    const marker = bytes[place + 1]!;
    // Fill bytes.
    if (marker === 0xff) place++;
    // SOF0 to SOF15, but for DHT, JPG and DAC among them: precision, height, width, and components with their sampling.
    else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker))
      return plain(bytes, place + 4, Math.min(bytes.readUInt16BE(place + 2) - 2, 15));
    else place += 2 + bytes.readUInt16BE(place + 2);
  }
  return null;
}

/**
 * DV, IEC 61834: the VAUX source control pack in the third VAUX block of the first sequence has the display mode, which
 * two versions of the standard number differently (APT in the header tells them apart).
 */
function readDv(bytes: Buffer): PacketHeader | null {
  const start = find(bytes, (place) => (bytes.readUInt32BE(place) & 0xffffff7f) === 0x1f07003f);
  if (start === null || start + SOURCE_CONTROL + 5 > bytes.length) return null;
  const has625Lines = (bytes[start + 3]! & 0x80) !== 0;
  const pack = start + SOURCE_CONTROL;
  if (bytes[pack] !== SOURCE_CONTROL_ID) return null;
  const mode = bytes[pack + 2]! & 7;
  const isWide = mode === 2 || (mode === 7 && (bytes[start + 4]! & 7) === 0);
  const sampleAspectRatio = DV_ASPECTS[has625Lines ? 625 : 525][isWide ? 'wide' : 'normal'];
  return { fingerprint: `${has625Lines} ${isWide}`, sampleAspectRatio };
}

/** Five blocks of 80 bytes, then three bytes of the block's own and nine packs of five. */
const SOURCE_CONTROL = 5 * 80 + 3 + 10 * 5;
const SOURCE_CONTROL_ID = 0x61;

/** As ffmpeg's decoder and players take them. */
const DV_ASPECTS = {
  625: { normal: { num: 16, den: 15 }, wide: { num: 64, den: 45 } },
  525: { normal: { num: 8, den: 9 }, wide: { num: 32, den: 27 } },
} as const;
