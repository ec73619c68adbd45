import { UpreelError } from '../errors.ts';
import { listEncoders, ProgramError, runFfmpeg } from '../ffmpeg/ffmpeg.ts';
import { makeBox } from './box-bytes.ts';
import type { ByteSource } from './byte-source.ts';
import type { PictureMetadata } from './metadata.ts';
import type { Effort } from './output-format.ts';
import type { Piece } from './rewrite.ts';

/** @throws UpreelError `ffmpeg-missing`, `usage` if this machine's ffmpeg cannot write JPEG XL. */
export async function requireJxlEncoder(): Promise<void> {
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

/** How a picture becomes JPEG XL. */
export interface JxlSettings {
  /** 0 to 100. */
  readonly quality: number;
  readonly lossless: boolean;
  readonly effort: Effort;
}

/**
 * Encodes a PNG file into a new one, with the PNG's profile and without other metadata.
 * @throws UpreelError `usage` if the encoder does not take the profile.
 */
export async function encodeJxl(png: string, settings: JxlSettings, to: string, signal: AbortSignal): Promise<void> {
  const { quality, lossless, effort } = settings;
  const distance = lossless ? 0 : distanceOf(quality);
  let refusal: string | null = null;
  const plan = {
    // Warnings, too: that is what an unsuitable profile is to this encoder.
    inputs: [{ options: ['-loglevel', 'level+warning', '-f', 'png_pipe'], source: `file:${png}` }],
    output: {
      options: [
        ...['-map', '0:v:0', '-frames:v', '1', '-c:v', 'libjxl', '-distance', distance.toFixed(3)],
        ...[
          '-effort',
          String((distance === 0 ? LOSSLESS_EFFORT : LOSSY_EFFORT)[effort]),
          '-f',
          'image2',
          '-update',
          '1',
        ],
      ],
      target: `file:${to}`,
    },
  };
  await runFfmpeg(plan, signal, (line) => {
    if (/ICC profile|color encoding/i.test(line)) refusal = line;
  }).catch((error: unknown) => {
    if (!(error instanceof ProgramError) || !error.wasKilled || signal.aborted) throw error;
    throw new UpreelError(
      'out-of-memory',
      'ffmpeg was killed while it wrote JPEG XL, most likely for lack of memory.',
      {
        hint: 'Write .png or .tif, which take next to none.',
        cause: error,
      },
    );
  });
  if (refusal === null) return;
  throw new UpreelError('usage', "JPEG XL's encoder does not take the picture's colour profile.", {
    hint: 'Write .png or .tif, which keep it as it is.',
    cause: refusal,
  });
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
    ...(exif === null ? [] : [makeBox('Exif', Buffer.alloc(4), exif)]),
    ...(xmp === null ? [] : [makeBox('xml ', xmp)]),
  ];
  const whole = { start: 0, end: source.size };
  if (added.length === 0) return [whole];
  if ((await source.read(0, 2)).readUInt16BE(0) !== CODESTREAM_MARK) {
    const behind = await headEnd(source);
    return [{ start: 0, end: behind }, ...added, { start: behind, end: source.size }];
  }
  const codestream = makeBox('jxlc');
  codestream.writeUInt32BE(codestream.length + source.size, 0);
  return [SIGNATURE, FILE_TYPE, ...added, codestream, whole];
}

const CODESTREAM_MARK = 0xff0a;
const SIGNATURE = makeBox('JXL ', Buffer.from([0x0d, 0x0a, 0x87, 0x0a]));
/** Brand, its version, and what it is compatible with. */
const FILE_TYPE = makeBox('ftyp', Buffer.from('jxl \0\0\0\0jxl ', 'latin1'));

/** Behind signature, kind of file and level. */
async function headEnd(source: ByteSource): Promise<number> {
  for (let at = 0; ; ) {
    const head = await source.read(at, 8);
    if (head.length < 8 || !['JXL ', 'ftyp', 'jxll'].includes(head.toString('latin1', 4, 8))) return at;
    at += head.readUInt32BE(0);
  }
}
