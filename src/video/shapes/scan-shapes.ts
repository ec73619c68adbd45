import { type FileHandle, open } from 'node:fs/promises';
import { ProgramError, probeLines } from '../../core/ffmpeg/ffmpeg.ts';
import { sideBySide } from '../side-by-side.ts';
import { safeInput } from '../source/safe-input.ts';
import { type PacketScan, parseFields, type ScannedPacket, scanListed, scanPackets } from '../source/scan.ts';
import type { VideoInfo, VideoStream } from '../source/video-info.ts';
import { namesOneShape, TRACED_CODECS } from './coded-sizes.ts';
import { HEADED_CODECS, readPacketHeader } from './packet-headers.ts';
import { FRAME_ENTRIES, frameTicks, type PictureShape, parseShape, type ShapeRun, ShapeRuns } from './picture-shape.ts';

export interface ShapeScan {
  readonly scan: PacketScan;
  /** Where the pictures' shape changes, the first shape included; empty: it was found not to, or cannot. */
  readonly runs: readonly ShapeRun[];
}

/**
 * Lists the packets, and beside it finds what shape the pictures have, as cheaply as the codec allows: a film is never
 * decoded whole but where its headers say that the shape changes. (One run cannot do both: what a decoder is told
 * changes how the demuxer guesses times.)
 * @param listed the video's packets, where they are known; else null
 */
export async function scanShapes(
  source: VideoInfo,
  signal: AbortSignal,
  listed: readonly ScannedPacket[] | null = null,
): Promise<ShapeScan> {
  if (HEADED_CODECS.includes(source.video.codec)) return scanHeaders(source, listed, signal);
  const [scan, runs] = await sideBySide(
    (either) => scanVideo(source, listed, either),
    (either) => findRuns(source, either),
    signal,
  );
  return { scan, runs };
}

function scanVideo(
  { path, video }: VideoInfo,
  listed: readonly ScannedPacket[] | null,
  signal: AbortSignal,
  onPacket?: (packet: ScannedPacket) => Promise<void>,
): Promise<PacketScan> {
  return listed === null ? scanPackets(path, video.index, signal, onPacket) : scanListed(listed, onPacket);
}

async function findRuns(source: VideoInfo, signal: AbortSignal): Promise<readonly ShapeRun[]> {
  const { codec } = source.video;
  // With a delay, MPEG-2's decoder drops the last picture before a change.
  if (KEYED_CODECS.includes(codec))
    return decodeShapes(source, ['-skip_frame', 'nokey', '-flags', 'low_delay'], signal);
  if (!TRACED_CODECS.includes(codec)) return [];
  const isOne = await namesOneShape(source, signal).catch(unlessAborted(signal));
  return isOne ? [] : decodeShapes(source, ALL_FRAMES, signal);
}

async function scanHeaders(
  source: VideoInfo,
  listed: readonly ScannedPacket[] | null,
  signal: AbortSignal,
): Promise<ShapeScan> {
  const file = await open(source.path, 'r');
  try {
    const headers = new PacketHeaders(source.video, file);
    const scan = await scanVideo(source, listed, signal, (packet) => headers.read(packet));
    return { scan, runs: headers.runs ?? (await decodeShapes(source, ALL_FRAMES, signal)) };
  } finally {
    await file.close();
  }
}

/**
 * Codecs whose shape changes at keyframes alone, and of which ffmpeg can decode these alone. The rest has its shape
 * from the container.
 */
const KEYED_CODECS: readonly string[] = [
  ...['h264', 'hevc', 'mpeg1video', 'mpeg2video', 'mpeg4', 'h263', 'flv1', 'vp8', 'theora', 'vc1', 'wmv3'],
  ...['msmpeg4v1', 'msmpeg4v2', 'msmpeg4v3', 'wmv1', 'wmv2'],
];

/** What cannot be listed is decoded. */
function unlessAborted(signal: AbortSignal): (error: unknown) => false {
  return (error) => {
    signal.throwIfAborted();
    if (!(error instanceof ProgramError)) throw error;
    return false;
  };
}

/** Reads the first bytes of every packet from the file itself. */
class PacketHeaders {
  readonly #shapes = new ShapeRuns();
  readonly #fingerprints = new Set<string>();
  readonly #bytes = Buffer.alloc(HEADER_BYTES);
  readonly #video: VideoStream;
  readonly #file: FileHandle;
  #found = true;

  constructor(video: VideoStream, file: FileHandle) {
    this.#video = video;
    this.#file = file;
  }

  /** null: only decoding tells. */
  get runs(): readonly ShapeRun[] | null {
    if (!this.#found) return null;
    if (this.#shapes.runs.length > 0) return this.#shapes.runs;
    return this.#fingerprints.size > 1 ? null : [];
  }

  async read({ position, pts }: ScannedPacket): Promise<void> {
    if (!this.#found) return;
    const place = Number.isNaN(position) ? 0 : position;
    const { bytesRead } = await this.#file.read(this.#bytes, 0, HEADER_BYTES, place);
    const header = readPacketHeader(this.#video.codec, this.#bytes.subarray(0, bytesRead));
    if (header === null) {
      // A damaged one among good ones is the decoder's to report.
      this.#found = this.#fingerprints.size > 0;
      return;
    }
    this.#fingerprints.add(header.fingerprint);
    const { sampleAspectRatio } = header;
    if (sampleAspectRatio !== null) this.#shapes.add(pts, { ...shapeOf(this.#video), sampleAspectRatio });
  }
}

/** JPEG's tables and the usual EXIF come before the size. */
const HEADER_BYTES = 8192;

function shapeOf({ size, pixelFormat, colour }: VideoStream): PictureShape {
  return { size, sampleAspectRatio: { num: 1, den: 1 }, pixelFormat, colour, rotationDegrees: null };
}

const ALL_FRAMES = ['-threads', 'auto'];

/** What decoded frames say. */
async function decodeShapes(
  { path, video }: VideoInfo,
  decoderOptions: readonly string[],
  signal: AbortSignal,
): Promise<readonly ShapeRun[]> {
  const { options, source } = safeInput(path);
  const show = ['-select_streams', `${video.index}`, '-show_entries', `packet=flags:${FRAME_ENTRIES}`];
  const args = ['-v', 'level+error', ...decoderOptions, ...options, ...show, '-of', 'compact=p=0:nk=0', source];
  const { frameRate, timeBase } = video;
  const ticksPerPacket = (frameRate.den * timeBase.den) / (frameRate.num * timeBase.num);
  const shapes = new ShapeRuns();
  /** Places among the packets. */
  const keys: number[] = [];
  let packets = 0;
  let frames = 0;
  for await (const line of probeLines(args, signal)) {
    const fields = parseFields(line);
    const flags = fields.get('flags');
    if (flags?.includes('K')) keys.push(packets);
    if (flags !== undefined) packets++;
    const shape = parseShape(fields);
    if (shape === null) continue;
    // Streams without times give their keyframes in order.
    const counted = Math.round((keys[frames] ?? packets) * ticksPerPacket);
    const ticks = frameTicks(fields);
    shapes.add(Number.isNaN(ticks) ? counted : ticks, shape);
    frames++;
  }
  return shapes.runs;
}
