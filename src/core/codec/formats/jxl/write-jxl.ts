import { outOfMemory, UpreelError } from '../../../errors.ts';
import { type FfmpegPlan, listEncoders, ProgramError, runFfmpeg, startFfmpeg } from '../../../ffmpeg/ffmpeg.ts';
import { box } from '../../bytes/box-bytes.ts';
import { type ByteSource, bufferSource } from '../../bytes/byte-source.ts';
import type { Piece } from '../../bytes/rewrite.ts';
import { isSrgbProfile } from '../../colour/srgb-profile.ts';
import type { PreparedMetadata, ProvenSettings } from '../../definition/written-format.ts';
import type { Effort } from '../../effort.ts';
import { openPipeline } from '../../libvips.ts';
import { NO_METADATA, type PictureMetadata } from '../../metadata/metadata.ts';
import { pngPieces } from '../png/png-chunks.ts';

/** Where none is asked for. */
export const JXL_QUALITY = 90;

/**
 * Finds out before the work whether ffmpeg can write JPEG XL, and with the picture's profile: without it where it
 * cannot.
 * @throws UpreelError `ffmpeg-missing`, `usage` if this machine's ffmpeg cannot write JPEG XL at all.
 */
export async function proveJxl(
  { metadata, warnings }: PreparedMetadata,
  settings: ProvenSettings,
): Promise<PreparedMetadata> {
  await requireEncoder();
  const { icc } = metadata;
  if (icc === null || (await takesProfile(icc, settings))) return { metadata, warnings };
  const warning = "JPEG XL's encoder does not take the colour profile: the colours will look different.";
  return { metadata: { ...metadata, icc: null }, warnings: isSrgbProfile(icc) ? warnings : [...warnings, warning] };
}

async function requireEncoder(): Promise<void> {
  const hint = 'Install an ffmpeg with libjxl, or write .png, .webp or .avif.';
  const encoders = await listEncoders(new AbortController().signal).catch((error: unknown) => {
    if (!(error instanceof UpreelError) || error.code !== 'ffmpeg-missing') throw error;
    throw new UpreelError('ffmpeg-missing', 'JPEG XL is written by ffmpeg, which cannot be started.', {
      hint,
      cause: error,
    });
  });
  if (encoders.has('libjxl')) return;
  throw new UpreelError('usage', 'JPEG XL is written by ffmpeg, and this one was built without libjxl.', { hint });
}

/** Tries it on one pixel. */
async function takesProfile(icc: Uint8Array, { channels, ...settings }: ProvenSettings): Promise<boolean> {
  const raw = { width: 1, height: 1, channels };
  const black = openPipeline(new Uint8Array(channels), { raw }).toColourspace(channels === 1 ? 'b-w' : 'srgb');
  const pixel = await black.png().toBuffer();
  const pieces = await pngPieces(bufferSource(pixel), { ...NO_METADATA, icc });
  const png = Buffer.concat(
    pieces.map((piece) => (piece instanceof Uint8Array ? piece : pixel.subarray(piece.start, piece.end))),
  );
  let isTaken = true;
  const trial = startFfmpeg(planJxl('pipe:0', settings, ['-f', 'null', '-']), new AbortController().signal, {
    onLine: (line) => {
      if (/ICC profile/i.test(line)) isTaken = false;
    },
  });
  try {
    trial.stdin.end(png);
    trial.stdout.resume();
    await trial.finished();
    return isTaken;
  } catch (error) {
    if (error instanceof ProgramError) return false;
    throw error;
  } finally {
    await trial.stop();
  }
}

/** Encodes a PNG file into a new one, with the PNG's profile and without other metadata. */
export async function encodeJxl(png: string, settings: JxlSettings, to: string, signal: AbortSignal): Promise<void> {
  const output = ['-f', 'image2', '-update', '1', `file:${to}`];
  await runFfmpeg(planJxl(`file:${png}`, settings, output), signal).catch((error: unknown) => {
    if (!(error instanceof ProgramError) || !error.wasKilled || signal.aborted) throw error;
    throw outOfMemory('ffmpeg was killed while it wrote JPEG XL, most likely for lack of memory.', error);
  });
}

type JxlSettings = Pick<ProvenSettings, 'quality' | 'lossless' | 'effort'>;

function planJxl(source: string, { quality, lossless, effort }: JxlSettings, output: readonly string[]): FfmpegPlan {
  const distance = lossless ? 0 : distanceOf(quality ?? JXL_QUALITY);
  const level = (distance === 0 ? LOSSLESS_EFFORT : LOSSY_EFFORT)[effort];
  return {
    // Warnings, too: that is what an unsuitable profile is to this encoder.
    inputs: [{ options: ['-loglevel', 'level+warning', '-f', 'png_pipe'], source }],
    output: {
      options: [
        ...['-map', '0:v:0', '-frames:v', '1', '-c:v', 'libjxl', '-distance', distance.toFixed(3)],
        ...['-effort', String(level), ...output.slice(0, -1)],
      ],
      target: output.at(-1)!,
    },
  };
}

/** libjxl's own scale (JxlEncoderDistanceFromQuality), where 100 is without loss; ffmpeg takes no more than 15. */
function distanceOf(quality: number): number {
  if (quality >= 100) return 0;
  if (quality >= 30) return 0.1 + (100 - quality) * 0.09;
  return Math.min(15, (53 / 3000) * quality ** 2 - (23 / 20) * quality + 25);
}

const LOSSY_EFFORT: Readonly<Record<Effort, number>> = { fast: 3, balanced: 7, best: 8 };
const LOSSLESS_EFFORT: Readonly<Record<Effort, number>> = { fast: 1, balanced: 3, best: 7 };

/**
 * The file with EXIF and XMP: boxes behind those that say what kind of file it is. A bare codestream gets a container.
 * @see ISO/IEC 18181-2, annex A
 */
export async function jxlPieces(source: ByteSource, { exif, xmp }: PictureMetadata): Promise<Piece[]> {
  const added = [
    // Where in it the EXIF block starts.
    ...(exif === null ? [] : [box('Exif', Buffer.alloc(4), exif)]),
    ...(xmp === null ? [] : [box('xml ', xmp)]),
  ];
  const whole = { start: 0, end: source.size };
  if (added.length === 0) return [whole];
  if ((await source.read(0, 2)).readUInt16BE(0) !== CODESTREAM_MARK) {
    const behind = await headEnd(source);
    return [{ start: 0, end: behind }, ...added, { start: behind, end: source.size }];
  }
  const codestream = box('jxlc');
  codestream.writeUInt32BE(codestream.length + source.size, 0);
  return [SIGNATURE, FILE_TYPE, ...added, codestream, whole];
}

const CODESTREAM_MARK = 0xff0a;
const SIGNATURE = box('JXL ', Buffer.from([0x0d, 0x0a, 0x87, 0x0a]));
/** Brand, its version, and what it is compatible with. */
const FILE_TYPE = box('ftyp', Buffer.from('jxl \0\0\0\0jxl ', 'latin1'));

/** Behind signature, kind of file and level. */
async function headEnd(source: ByteSource): Promise<number> {
  for (let at = 0; ; ) {
    const head = await source.read(at, 8);
    if (head.length < 8 || !['JXL ', 'ftyp', 'jxll'].includes(head.toString('latin1', 4, 8))) return at;
    at += head.readUInt32BE(0);
  }
}
