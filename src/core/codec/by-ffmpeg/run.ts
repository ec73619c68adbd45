import { UpreelError } from '../../errors.ts';
import { type FfmpegPlan, ProgramError, probeLines, startFfmpeg } from '../../ffmpeg/ffmpeg.ts';
import { damagedPicture } from '../libvips.ts';
import type { PictureLimits } from '../picture-limits.ts';

/** A picture file as ffmpeg is asked for it. */
export interface FfmpegSource {
  readonly path: string;
  /** For messages, such as "JPEG XL". */
  readonly name: string;
  readonly demuxer: string;
  /** Of the demuxer. */
  readonly options?: readonly string[];
  readonly limits: PictureLimits;
}

/** What ffprobe says of one stream of pictures. */
export interface ProbedStream {
  readonly width: number;
  readonly height: number;
  readonly pixelFormat: string;
  /** ffmpeg's names, `unknown` for none. */
  readonly range: string;
  readonly matrix: string;
  readonly transfer: string;
  readonly primaries: string;
}

/**
 * The streams of pictures in a file, as their decoder gives them.
 * @throws UpreelError `input-damaged`, `input-unsupported`, `ffmpeg-missing`.
 */
export async function probeStreams(source: FfmpegSource): Promise<ProbedStream[]> {
  const messages: string[] = [];
  const entries = ['width', 'height', 'pix_fmt', 'color_range', 'color_space', 'color_transfer', 'color_primaries'];
  const args = ['-hide_banner', '-loglevel', 'level+error', ...inputOptions(source)];
  args.push('-select_streams', 'v', '-show_entries', `stream=${entries.join(',')}`, '-of', 'json', fileOf(source));
  let text = '';
  try {
    for await (const line of probeLines(args, NEVER, keepFirst(messages))) text += line;
  } catch (error) {
    throw explain(error, source, messages);
  }
  const { streams = [] } = JSON.parse(text) as { streams?: Record<string, string | number>[] };
  const found = streams.map((stream) => ({
    width: Number(stream.width),
    height: Number(stream.height),
    pixelFormat: String(stream.pix_fmt ?? 'unknown'),
    range: String(stream.color_range ?? 'unknown'),
    matrix: String(stream.color_space ?? 'unknown'),
    transfer: String(stream.color_transfer ?? 'unknown'),
    primaries: String(stream.color_primaries ?? 'unknown'),
  }));
  const isDecoded = found.length > 0 && found.every(({ width, pixelFormat }) => width > 0 && pixelFormat !== 'unknown');
  if (!isDecoded) throw explain(null, source, messages);
  return found;
}

/**
 * Frames of a stream as its decoder gives them, one after the other; each is its receiver's own. Any complaint of the
 * decoder ends it.
 * @throws UpreelError `input-damaged` also where there are not exactly `frames`
 */
export async function* decodeFrames(
  source: FfmpegSource,
  {
    stream,
    frames,
    frameBytes,
    pixelFormat,
  }: { stream: number; frames: number; frameBytes: number; pixelFormat: string | null },
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const messages: string[] = [];
  const options = ['-map', `0:v:${stream}`, '-frames:v', `${frames}`, '-fps_mode', 'passthrough', '-f', 'rawvideo'];
  if (pixelFormat !== null) options.push('-pix_fmt', pixelFormat);
  const plan = { inputs: [inputOf(source)], output: { options, target: 'pipe:1' } };
  const program = startFfmpeg(plan, NEVER, { onLine: keepFirst(messages) });
  try {
    program.stdin.end();
    let [frame, filled, seen] = [new Uint8Array(frameBytes), 0, 0];
    for await (const chunk of program.stdout as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.length; ) {
        const part = chunk.subarray(at, at + frameBytes - filled);
        frame.set(part, filled);
        at += part.length;
        filled += part.length;
        if (filled < frameBytes) continue;
        seen++;
        // Of the last it is waited until the decoder has found nothing wrong.
        if (seen < frames) {
          yield frame;
          frame = new Uint8Array(frameBytes);
          filled = 0;
        } else if (at < chunk.length) throw damagedPicture(source.path);
      }
    }
    await program.finished();
    if (seen !== frames || messages.length > 0) throw explain(null, source, messages);
    yield frame;
  } catch (error) {
    throw explain(error, source, messages);
  } finally {
    await program.stop();
  }
}

/** Of a decoder's complaints the first say enough. */
export function keepFirst(messages: string[]): (line: string) => void {
  return (line) => {
    if (messages.length < 50 && line.trim() !== '') messages.push(line);
  };
}

/** Whoever wants an end closes the generator. */
const NEVER = new AbortController().signal;

/** As ffmpeg is to read it: strictly, and nothing but this file. */
export function inputOf(source: FfmpegSource): FfmpegPlan['inputs'][number] {
  const strict = ['-xerror', '-err_detect', 'explode', '-noautorotate'];
  return { options: [...strict, ...inputOptions(source)], source: fileOf(source) };
}

function inputOptions({ demuxer, limits, options = [] }: FfmpegSource): string[] {
  const whitelists = ['-protocol_whitelist', 'file,pipe', '-format_whitelist', demuxer];
  return [...whitelists, '-max_pixels', `${Math.ceil(limits.maxInputMegapixels * 1e6)}`, ...options, '-f', demuxer];
}

function fileOf({ path }: FfmpegSource): string {
  return `file:${path}`;
}

/** What a failure means to people. @param error null: ffmpeg ended well, but did not give what was asked for */
export function explain(error: unknown, { path, name }: FfmpegSource, messages: readonly string[]): unknown {
  if (error instanceof UpreelError && error.code === 'ffmpeg-missing') {
    return new UpreelError('ffmpeg-missing', `${path}: upreel needs ffmpeg and ffprobe to read a ${name} picture.`, {
      hint: error.hint,
      cause: error,
    });
  }
  if (error !== null && !(error instanceof ProgramError)) return error;
  const text = messages.join('\n');
  if (/Unknown input format|Decoder .*not found|codec .*not (currently )?supported|no decoder/i.test(text)) {
    return new UpreelError('input-unsupported', `${path} is a ${name} picture, which this ffmpeg cannot decode.`, {
      hint: 'Install an ffmpeg that can (ffmpeg -decoders lists them), or convert the picture to PNG or TIFF first.',
      cause: text,
    });
  }
  if (/not implemented|not supported|unsupported|Update your FFmpeg|contact the ffmpeg-devel/i.test(text)) {
    const [line = ''] = messages;
    return new UpreelError('input-unsupported', `${path} is a ${name} picture of a kind that ffmpeg does not read.`, {
      hint: 'Convert it to PNG or TIFF first, for example in GIMP.',
      cause: `${line}\n${text}`,
    });
  }
  return damagedPicture(path, text);
}
