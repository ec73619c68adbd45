import type { Writable } from 'node:stream';
import { UpreelError } from '../../core/errors.ts';
import type { Size } from '../../core/pixels/geometry.ts';
import { parseRational, type Rational } from '../rational.ts';
import { damagedFilm } from '../source/completeness.ts';
import type { ColourTags, FieldOrder, VideoInfo, VideoStream } from '../source/video-info.ts';
import type { ByteReader } from './byte-reader.ts';

/** What the first line of a YUV4MPEG2 stream says. */
export interface Y4mHeader {
  readonly size: Size;
  readonly frameRate: Rational;
  readonly fieldOrder: FieldOrder | null;
  readonly sampleAspectRatio: Rational | null;
  /** ffmpeg's name. */
  readonly pixelFormat: string;
  readonly chromaLocation: string | null;
  readonly range: ColourTags['range'];
}

/** Y4M on a pipe: read once, frame by frame, so that a stream that breaks off inside a frame is found. */
export class Y4mReader {
  readonly header: Y4mHeader;
  readonly #reader: ByteReader;
  readonly #firstLine: string;
  #frames = 0;

  private constructor(reader: ByteReader, firstLine: string) {
    this.#reader = reader;
    this.#firstLine = firstLine;
    this.header = parseY4mHeader(firstLine);
  }

  /** Reads the header. @throws UpreelError `input-unreadable`, `input-unsupported`. */
  static async open(reader: ByteReader): Promise<Y4mReader> {
    const line = await readLine(reader, MAX_HEADER_BYTES);
    if (line === '') throw noY4m('Standard input ended before it began');
    return new Y4mReader(reader, line ?? '');
  }

  /** Whole frames that were handed on so far. */
  get frames(): number {
    return this.#frames;
  }

  /** Hands everything on, as it came, and ends `target`. @throws UpreelError `input-damaged` with the frame. */
  async copyTo(target: Writable): Promise<void> {
    const data = new Uint8Array(frameBytes(this.header.pixelFormat, this.header.size));
    try {
      if (!(await write(target, `${this.#firstLine}\n`))) return;
      for (;;) {
        const line = await readLine(this.#reader, MAX_HEADER_BYTES);
        if (line === '') return;
        if (line === null || !/^FRAME( |$)/.test(line)) throw this.#broken('something that is no frame follows');
        if (!(await this.#reader.readInto(data))) throw this.#broken('it ends inside a frame');
        if (!((await write(target, `${line}\n`)) && (await write(target, data)))) return;
        this.#frames++;
      }
    } finally {
      target.end();
    }
  }

  #broken(how: string): UpreelError {
    return damagedFilm(`Standard input is cut off or damaged after frame ${this.#frames}: ${how}.`);
  }
}

const MAX_HEADER_BYTES = 4096;

/** @returns without its end; '' at the end of the stream; null for something longer, or cut off. */
async function readLine(reader: ByteReader, limit: number): Promise<string | null> {
  for (let count = 64; ; count *= 2) {
    const bytes = await reader.peek(count);
    if (bytes.length === 0) return '';
    const end = bytes.subarray(0, limit).indexOf(0x0a);
    if (end >= 0) {
      reader.skip(end + 1);
      return Buffer.from(bytes.subarray(0, end)).toString('latin1');
    }
    if (bytes.length < count || count >= limit) return null;
  }
}

/** @returns false if nobody takes it any more: whoever read has failed, and says why. */
function write(stream: Writable, data: string | Uint8Array): Promise<boolean> {
  return new Promise((resolve) => {
    if (stream.destroyed) resolve(false);
    else stream.write(data, (error) => resolve(!error));
  });
}

/** @throws UpreelError `input-unreadable`, `input-unsupported`. */
export function parseY4mHeader(line: string): Y4mHeader {
  const [magic, ...fields] = line.split(' ');
  if (magic !== 'YUV4MPEG2') throw noY4m('Standard input is not Y4M');
  const field = (letter: string) => fields.find((text) => text.startsWith(letter))?.slice(1);
  const [width, height] = [Number(field('W')), Number(field('H'))];
  if (!(width > 0 && height > 0)) throw noY4m('Standard input is Y4M without a size');
  if (width * height > MAX_PIXELS) {
    throw new UpreelError('input-too-large', `Standard input has frames of ${width}x${height}.`, {
      hint: `Up to ${MAX_PIXELS / 1e6} megapixels can be read.`,
    });
  }
  const chroma = field('C') ?? '420jpeg';
  const pixelFormat = PIXEL_FORMATS[chroma] ?? deepFormat(chroma);
  if (pixelFormat === null) {
    throw new UpreelError('input-unsupported', `Standard input has samples of the kind C${chroma}, unknown in Y4M.`, {
      hint: 'Convert them: ffmpeg ... -pix_fmt yuv420p -f yuv4mpegpipe -',
    });
  }
  const range = fields.find((text) => text.startsWith('XCOLORRANGE='))?.slice('XCOLORRANGE='.length);
  return {
    size: { width, height },
    frameRate: parseRational(field('F')) ?? { num: 25, den: 1 },
    fieldOrder: field('I') === 't' ? 'tff' : field('I') === 'b' ? 'bff' : null,
    sampleAspectRatio: parseRational(field('A')),
    pixelFormat,
    chromaLocation: chroma === '420jpeg' ? 'center' : chroma === '420paldv' ? 'topleft' : 'left',
    range: range === 'FULL' ? 'pc' : range === 'LIMITED' ? 'tv' : null,
  };
}

const MAX_PIXELS = 100_000_000;

const PIXEL_FORMATS: Readonly<Record<string, string>> = {
  '420': 'yuv420p',
  '420jpeg': 'yuv420p',
  '420mpeg2': 'yuv420p',
  '420paldv': 'yuv420p',
  '411': 'yuv411p',
  '422': 'yuv422p',
  '444': 'yuv444p',
  mono: 'gray',
};

/** "420p10", "mono12". */
function deepFormat(chroma: string): string | null {
  const [, kind = '', bits] = /^(420p|422p|444p|mono)(9|10|12|14|16)$/.exec(chroma) ?? [];
  if (bits === undefined) return null;
  return kind === 'mono' ? `gray${bits}le` : `yuv${kind}${bits}le`;
}

/** Of one frame in planes. */
export function frameBytes(pixelFormat: string, { width, height }: Size): number {
  const [, kind = '420', deep] = /^(?:yuv|gray)(4\d\d)?p?(\d+le)?$/.exec(pixelFormat) ?? [];
  const columns =
    { '444': width, '422': Math.ceil(width / 2), '411': Math.ceil(width / 4) }[kind] ?? Math.ceil(width / 2);
  const rows = kind === '420' ? Math.ceil(height / 2) : height;
  const chroma = pixelFormat.startsWith('gray') ? 0 : 2 * columns * rows;
  return (width * height + chroma) * (deep === undefined ? 1 : 2);
}

/** The stream as a source; its frames are counted as they come. */
export function describeY4m(header: Y4mHeader, bitsPerSample: number): VideoInfo {
  const { frameRate } = header;
  const video: VideoStream = {
    index: 0,
    kind: 'video',
    codec: 'rawvideo',
    isCoverArt: false,
    startSeconds: 0,
    language: null,
    tags: {},
    dispositions: ['default'],
    rotationDegrees: 0,
    declaredFrames: null,
    hasAlpha: false,
    sideData: [],
    sound: null,
    obstacle: null,
    size: header.size,
    pixelFormat: header.pixelFormat,
    bitsPerSample,
    frameRate,
    colour: {
      matrix: null,
      primaries: null,
      transfer: null,
      range: header.range,
      chromaLocation: header.chromaLocation,
    },
    baseRate: null,
    timeBase: { num: frameRate.den, den: frameRate.num },
    fieldOrder: header.fieldOrder,
    sampleAspectRatio: header.sampleAspectRatio,
  };
  return {
    path: '-',
    fileBytes: 0,
    formatName: 'yuv4mpegpipe',
    startSeconds: 0,
    durationSeconds: null,
    tags: {},
    chapters: 0,
    timecode: null,
    video,
    streams: [video],
  };
}

function noY4m(what: string): UpreelError {
  return new UpreelError('input-unreadable', `${what}.`, {
    hint: 'A pipe carries Y4M: ffmpeg -i FILE -f yuv4mpegpipe - | upreel - -o OUTPUT. Files are named instead.',
  });
}
