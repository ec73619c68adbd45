import { type FileHandle, open } from 'node:fs/promises';
import { ProgramError, probeLines } from '../ffmpeg.ts';
import { safeInput } from '../safe-input.ts';
import { type PacketScan, parseFields, type ScannedPacket, type ScanWatch, scanPackets } from '../scan.ts';
import { sideBySide } from '../side-by-side.ts';
import type { VideoInfo, VideoStream } from '../video-info.ts';
import { namesOneShape, TRACED_CODECS } from './coded-sizes.ts';
import { HEADED_CODECS, readPacketHeader } from './packet-headers.ts';
import { FRAME_ENTRIES, frameTicks, type PictureShape, parseShape, type ShapeRun, ShapeRuns } from './picture-shape.ts';

export interface ShapeScan {
  readonly scan: PacketScan;
  /** Where the pictures' shape changes, the first shape included; empty: it was found not to, or cannot. */
  readonly runs: readonly ShapeRun[];
}

/**
 * Lists the packets, and finds what shape the pictures have, as cheaply as the codec allows: a film is never decoded whole
 * but where its headers say that the shape changes.
 */
export async function scanShapes(source: VideoInfo, signal: AbortSignal): Promise<ShapeScan> {
  const { path, video } = source;
  const scan = (watch: ScanWatch | null, either = signal) => scanPackets(path, video.index, either, watch);
  if (KEYED_CODECS.includes(video.codec)) {
    const watch = new KeyframeWatch(video);
    return { scan: await scan(watch), runs: watch.runs };
  }
  if (HEADED_CODECS.includes(video.codec)) {
    const watch = new HeaderWatch(video, await open(path, 'r'));
    try {
      const packets = await scan(watch);
      const runs = watch.runs ?? (await decodeShapes(source, signal));
      return { scan: packets, runs };
    } finally {
      await watch.close();
    }
  }
  if (!TRACED_CODECS.includes(video.codec)) return { scan: await scan(null), runs: [] };
  const [packets, isOne] = await sideBySide(
    (either) => scan(null, either),
    (either) => namesOneShape(source, either).catch(unlessAborted(either)),
    signal,
  );
  return { scan: packets, runs: isOne ? [] : await decodeShapes(source, signal) };
}

/**
 * Codecs whose shape changes at keyframes alone, and of which ffmpeg can decode these alone. The rest has its shape from
 * the container.
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

/** Has the run that lists the packets decode keyframes as well. */
class KeyframeWatch implements ScanWatch {
  // With a delay, MPEG-2's decoder drops the last picture before a change.
  readonly decoderOptions = ['-skip_frame', 'nokey', '-flags', 'low_delay'];
  readonly entries = [FRAME_ENTRIES];
  readonly #shapes = new ShapeRuns();
  readonly #ticksPerPacket: number;
  /** Places among the packets. */
  readonly #keys: number[] = [];
  #packets = 0;
  #frames = 0;

  constructor({ frameRate, timeBase }: VideoStream) {
    this.#ticksPerPacket = (frameRate.den * timeBase.den) / (frameRate.num * timeBase.num);
  }

  get runs(): readonly ShapeRun[] {
    return this.#shapes.runs;
  }

  onPacket({ isKey }: ScannedPacket): void {
    if (isKey) this.#keys.push(this.#packets);
    this.#packets++;
  }

  onOther(fields: ReadonlyMap<string, string>): void {
    const shape = parseShape(fields);
    if (shape === null) return;
    // Streams without times give their keyframes in order.
    const counted = (this.#keys[this.#frames] ?? this.#packets) * this.#ticksPerPacket;
    const ticks = frameTicks(fields);
    this.#shapes.add(Number.isNaN(ticks) ? Math.round(counted) : ticks, shape);
    this.#frames++;
  }
}

/** Reads the first bytes of every packet from the file itself. */
class HeaderWatch implements ScanWatch {
  readonly decoderOptions = [];
  readonly entries = [];
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

  async onPacket({ position, pts }: ScannedPacket): Promise<void> {
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

  onOther(): void {}

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** JPEG's tables and the usual EXIF come before the size. */
const HEADER_BYTES = 8192;

function shapeOf({ size, pixelFormat, colour }: VideoStream): PictureShape {
  return { size, sampleAspectRatio: { num: 1, den: 1 }, pixelFormat, colour, rotationDegrees: null };
}

/** Every frame, decoded. */
async function decodeShapes({ path, video }: VideoInfo, signal: AbortSignal): Promise<readonly ShapeRun[]> {
  const { options, source } = safeInput(path);
  const show = ['-select_streams', `${video.index}`, '-show_entries', FRAME_ENTRIES, '-of', 'compact=p=0:nk=0'];
  const shapes = new ShapeRuns();
  for await (const line of probeLines(['-v', 'level+error', '-threads', 'auto', ...options, ...show, source], signal)) {
    const fields = parseFields(line);
    const shape = parseShape(fields);
    if (shape !== null) shapes.add(frameTicks(fields), shape);
  }
  return shapes.runs;
}
