import type { Size } from '../../core/pixels/geometry.ts';
import type { Rational } from '../rational.ts';
import { NUT_FILE_ID, NUT_FLAGS, NUT_STARTCODES, nutChecksum } from './nut.ts';

export interface NutVideoHeader {
  readonly size: Size;
  /** 1: rgb24. 2: rgb48le. */
  readonly bytesPerSample: 1 | 2;
  readonly timeBase: Rational;
  /** null: unknown. */
  readonly sampleAspectRatio: Rational | null;
  readonly frameRate: Rational;
}

/** The bytes before the first frame. */
export function writeNutHeader(header: NutVideoHeader): Buffer {
  return Buffer.concat([
    NUT_FILE_ID,
    packet(NUT_STARTCODES.main, mainHeader(header)),
    packet(NUT_STARTCODES.stream, streamHeader(header)),
    packet(NUT_STARTCODES.info, frameRateInfo(header.frameRate)),
  ]);
}

/** The bytes before a frame's samples: a sync point and the frame header. @param ptsTicks not negative. */
export function writeNutFrameHeader(ptsTicks: number, dataBytes: number): Buffer {
  const frame = Buffer.from([FRAME_CODE, ...variable(ptsTicks + PTS_ESCAPE), ...variable(dataBytes)]);
  // The only time base has index 0 of 1, so the coded time is the time itself; no earlier sync point is pointed to.
  return Buffer.concat([
    packet(NUT_STARTCODES.syncpoint, [...variable(ptsTicks), 0]),
    frame,
    uint32(nutChecksum(frame)),
  ]);
}

const FRAME_CODE = 0;
const MSB_PTS_SHIFT = 7;
/** Times from this on are whole, not relative to the last one. */
const PTS_ESCAPE = 1 << MSB_PTS_SHIFT;
const MAX_DISTANCE = 65_536;

function mainHeader({ timeBase }: NutVideoHeader): number[] {
  const version = 3;
  const flags = NUT_FLAGS.key | NUT_FLAGS.codedPts | NUT_FLAGS.sizeMsb | NUT_FLAGS.checksum;
  // One entry of 6 fields (pts delta, size multiplier, stream, size, reserved, count) describes all frame codes but
  // "N".
  const frameCodes = [...variable(flags), 6, ...signed(0), 1, 0, 0, 0, ...variable(255)];
  const streams = 1;
  const timeBases = 1;
  const elisionHeaders = 0;
  return [
    version,
    streams,
    ...variable(MAX_DISTANCE),
    timeBases,
    ...variable(timeBase.num),
    ...variable(timeBase.den),
    ...frameCodes,
    elisionHeaders,
  ];
}

function streamHeader({ size, bytesPerSample, sampleAspectRatio }: NutVideoHeader): number[] {
  const streamId = 0;
  const videoClass = 0;
  const fourcc = [4, ...Buffer.from('RGB'), bytesPerSample * 24];
  const timeBaseId = 0;
  const maxPtsDistance = 1;
  const decodeDelay = 0;
  const streamFlags = 0;
  const codecSpecificBytes = 0;
  const colourSpace = 0;
  return [
    ...[streamId, videoClass, ...fourcc, timeBaseId, MSB_PTS_SHIFT, maxPtsDistance, decodeDelay, streamFlags],
    ...[codecSpecificBytes, ...variable(size.width), ...variable(size.height)],
    ...[...variable(sampleAspectRatio?.num ?? 0), ...variable(sampleAspectRatio?.den ?? 0), colourSpace],
  ];
}

/** Saves ffmpeg from guessing the frame rate by reading ahead. */
function frameRateInfo(rate: Rational): number[] {
  const streamIdPlusOne = 1;
  const chapter = 0;
  const text = `${rate.num}/${rate.den}`;
  const name = 'r_frame_rate';
  const utf8Type = -1;
  return [
    ...[streamIdPlusOne, chapter, 0, 0, 1, name.length, ...Buffer.from(name)],
    ...[...signed(utf8Type), text.length, ...Buffer.from(text)],
  ];
}

function packet(startcode: Buffer, payload: readonly number[]): Buffer {
  const body = Buffer.from(payload);
  const head = Buffer.concat([startcode, Buffer.from(variable(body.length + 4))]);
  const headChecksum = body.length + 4 > 4096 ? uint32(nutChecksum(head)) : Buffer.alloc(0);
  return Buffer.concat([head, headChecksum, body, uint32(nutChecksum(body))]);
}

/** Seven bits a byte, the first byte first; all but the last have bit 7. */
function variable(value: number): number[] {
  const bytes = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift(128 + (rest % 128));
  return bytes;
}

function signed(value: number): number[] {
  return variable(value > 0 ? 2 * value - 1 : -2 * value);
}

function uint32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value);
  return buffer;
}
