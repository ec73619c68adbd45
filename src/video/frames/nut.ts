/**
 * What reader and writer share of NUT, the container that carries raw frames through pipes with their times
 * (https://ffmpeg.org/nut.html; version 3, one video stream).
 */
export const NUT_FILE_ID = Buffer.from('nut/multimedia container\0', 'latin1');

export const NUT_STARTCODES = {
  main: Buffer.from('4e4d7a561f5f04ad', 'hex'),
  stream: Buffer.from('4e5311405bf2f9db', 'hex'),
  syncpoint: Buffer.from('4e4be4adeeca4569', 'hex'),
  info: Buffer.from('4e49ab68b596ba78', 'hex'),
} as const;

/** The letter N begins every packet's start code, and is no frame code. */
export const NUT_STARTCODE_BYTE = 0x4e;

/** Flags of a frame header. */
export const NUT_FLAGS = {
  key: 1,
  codedPts: 8,
  streamId: 16,
  sizeMsb: 32,
  checksum: 64,
  reserved: 128,
  sideData: 256,
  headerIndex: 1024,
  matchTime: 2048,
  coded: 4096,
  invalid: 8192,
} as const;

/** CRC-32 with polynomial 0x04C11DB7, most significant bit first, starting at 0: NUT's checksum. */
export function nutChecksum(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) crc = ((crc << 8) ^ (CRC_TABLE[(crc >>> 24) ^ byte] ?? 0)) >>> 0;
  return crc;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let crc = index << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  return crc >>> 0;
});
