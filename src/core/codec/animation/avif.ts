import { open } from 'node:fs/promises';
import { UpreelError } from '../../errors.ts';
import { type FfmpegPlan, listEncoders, type RunningProgram, startFfmpeg } from '../../ffmpeg/ffmpeg.ts';
import type { Size } from '../../pixels/geometry.ts';
import { fileSource } from '../bytes/byte-source.ts';
import { copyRange } from '../bytes/rewrite.ts';
import type { Effort } from '../effort.ts';
import { splitAlpha } from '../samples.ts';
import { type Av1Stream, readIvf } from './av1.ts';
import { type AvifSequence, avifBytes, avifHead, avifTail } from './avif-boxes.ts';
import { commonTimescale, wholeDelays } from './delays.ts';
import { type AnimationPlan, type AnimationWriter, GrowingFile } from './writer.ts';

/**
 * An animated AVIF: ffmpeg's libaom codes the colours and, without loss, the alpha; the boxes around them are upreel's,
 * because ffmpeg's say nothing of loops, profiles and EXIF.
 * @throws UpreelError `ffmpeg-missing`; `usage` if this ffmpeg lacks libaom.
 */
export async function startAvifAnimation(plan: AnimationPlan): Promise<AnimationWriter> {
  const { size, samples, lossless } = plan;
  const channels = samples.bands <= 2 ? 1 : 3;
  const stopping = new AbortController();
  await demandEncoder(stopping.signal);
  const kind = channels === 1 ? 'gray' : lossless ? 'rgb' : 'yuv';
  const [colourFile, alphaFile] = [await plan.newFile('ivf'), await plan.newFile('ivf')];
  const colour = startAv1(kind, plan, colourFile, stopping.signal);
  const alpha = samples.alpha ? startAv1('gray', { ...plan, lossless: true }, alphaFile, stopping.signal) : null;

  async function finish(): Promise<string> {
    const [colourStream, alphaStream] = await Promise.all([colour.finish(), alpha === null ? null : alpha.finish()]);
    const timescale = commonTimescale(plan.delaysMs) ?? 90_000;
    const sequence: AvifSequence = {
      size,
      colour: { stream: colourStream, isMonochrome: kind === 'gray', codePoints: [...PRIMARIES, MATRICES[kind]] },
      alpha: alphaStream === null ? null : { stream: alphaStream, isMonochrome: true, codePoints: null },
      timescale,
      // No picture may last no time. @see ISO/IEC 14496-12, section 8.6.1.2
      durations: wholeDelays(plan.delaysMs, { unitMs: 1000 / timescale, most: 0xffff_ffff }).map((ticks) => ticks || 1),
      loop: plan.loop,
      metadata: plan.metadata,
    };
    return await writeSequence(sequence, await plan.newFile('avif'), plan.pages);
  }

  return {
    async add(data) {
      if (alpha === null) return await colour.write(data);
      const parts = splitAlpha(data, { ...size, bands: samples.bands, channels, bytesPerSample: 1 });
      await Promise.all([colour.write(parts.colour.data), alpha.write(parts.alpha.data)]);
    },
    finish,
    async stop() {
      stopping.abort();
      await Promise.all([colour.stop(), alpha?.stop()]);
    },
  };
}

async function writeSequence(sequence: AvifSequence, path: string, pages: number): Promise<string> {
  const tracks = sequence.alpha === null ? [sequence.colour] : [sequence.colour, sequence.alpha];
  for (const { stream } of tracks) {
    if (stream.samples.length === pages) continue;
    throw new UpreelError('ffmpeg-failed', `ffmpeg coded ${stream.samples.length} of ${pages} pictures as AV1.`);
  }
  if (avifBytes(sequence) > 0xffff_ffff) {
    throw new UpreelError('usage', 'An AVIF holds at most 4 GB; the result is larger.', {
      hint: 'Ask for a lower --quality, or for a smaller result with --scale or --size.',
    });
  }
  const file = await GrowingFile.create(path);
  try {
    await file.append(avifHead(sequence));
    for (const { stream } of tracks) await appendSamples(stream, file);
    await file.append(...avifTail(sequence));
  } finally {
    await file.close();
  }
  return path;
}

async function appendSamples({ path, samples }: Av1Stream, to: GrowingFile): Promise<void> {
  const file = await open(path, 'r');
  try {
    const source = await fileSource(file);
    for (const { start, end } of samples) await copyRange(source, start, end, (bytes) => to.append(bytes));
  } finally {
    await file.close();
  }
}

type Av1Kind = 'gray' | 'rgb' | 'yuv';

/** BT.709 and sRGB's curve. @see ISO/IEC 23091-2 */
const PRIMARIES = [1, 13] as const;
/** None (RGB as it is) where nothing is lost, else BT.709, which players of films take for granted. */
const MATRICES = { rgb: 0, yuv: 1, gray: 1 } as const;

interface Av1Encoder {
  write(pixels: Uint8Array): Promise<void>;
  finish(): Promise<Av1Stream>;
  stop(): Promise<void>;
}

function startAv1(kind: Av1Kind, plan: AnimationPlan, path: string, signal: AbortSignal): Av1Encoder {
  const program = startFfmpeg(planAv1(kind, plan, path), signal);
  program.stdout.resume();
  return {
    write: (pixels) => writeAll(program, pixels),
    async finish() {
      program.stdin.end();
      await program.finished();
      return await readIvf(path);
    },
    stop: program.stop,
  };
}

async function writeAll(program: RunningProgram, pixels: Uint8Array): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      program.stdin.write(pixels, (error) => (error ? reject(error) : resolve()));
    });
  } catch (error) {
    // The pipe broke because the encoder died: its own words are the cause.
    await program.finished();
    throw error;
  }
}

/** The rate means nothing: the boxes say how long a picture shows. */
function planAv1(
  kind: Av1Kind,
  { size, quality, lossless, effort }: Pick<AnimationPlan, 'size' | 'quality' | 'lossless' | 'effort'>,
  target: string,
): FfmpegPlan {
  const pixelFormat = { gray: 'gray', rgb: 'gbrp', yuv: 'yuv444p' }[kind];
  // Up to ffmpeg 6 the encoder goes by its options, from 7 on by its frames.
  const marks = `setparams=range=pc:color_primaries=bt709:color_trc=iec61966-2-1:colorspace=${kind === 'rgb' ? 'gbr' : 'bt709'}`;
  const exactly = 'flags=accurate_rnd+full_chroma_int+full_chroma_inp';
  const filter = kind === 'yuv' ? `scale=out_color_matrix=bt709:in_range=full:out_range=full:${exactly}` : 'null';
  return {
    inputs: [
      {
        options: [...rawVideo(size, kind === 'gray' ? 'gray' : 'rgb24'), '-framerate', '25'],
        source: 'pipe:0',
      },
    ],
    output: {
      options: [
        ...['-vf', `${filter},format=${pixelFormat},${marks}`, '-fps_mode', 'passthrough'],
        ...['-color_range', 'pc', '-color_primaries', 'bt709', '-color_trc', 'iec61966-2-1'],
        ...['-colorspace', kind === 'rgb' ? 'rgb' : 'bt709'],
        ...['-c:v', AV1_ENCODER, '-cpu-used', String(AV1_SPEED[effort]), '-row-mt', '1', '-threads', '4'],
        ...(lossless ? ['-aom-params', 'lossless=1'] : ['-crf', String(crfOf(quality)), '-b:v', '0']),
        ...['-f', 'ivf'],
      ],
      target,
    },
  };
}

function rawVideo({ width, height }: Size, pixelFormat: string): string[] {
  return ['-f', 'rawvideo', '-pixel_format', pixelFormat, '-video_size', `${width}x${height}`];
}

/** libaom's 0 to 63, as libheif takes it from a quality of 0 to 100. */
function crfOf(quality: number): number {
  return Math.round((63 * (100 - quality)) / 100);
}

const AV1_ENCODER = 'libaom-av1';
const AV1_SPEED: Readonly<Record<Effort, number>> = { fast: 8, balanced: 6, best: 4 };

async function demandEncoder(signal: AbortSignal): Promise<void> {
  if ((await listEncoders(signal)).has(AV1_ENCODER)) return;
  throw new UpreelError('usage', `An animated AVIF needs an ffmpeg with ${AV1_ENCODER}, and this one has none.`, {
    hint: 'Write .webp or .apng instead, or point FFMPEG_PATH to a full build.',
  });
}
