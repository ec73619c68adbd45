import { decoderColour } from '../by-ffmpeg/decoder-colour.ts';
import { frameBytesOf, type PixelFormat, pixelFormatOf, rasterFormatOf } from '../by-ffmpeg/pixel-format.ts';
import { decodeFrames, type FfmpegSource, type ProbedStream, probeStreams } from '../by-ffmpeg/run.ts';
import { type FrameMeaning, unpackFrame } from '../by-ffmpeg/unpack.ts';
import { isKnownMatrix } from '../by-ffmpeg/yuv.ts';
import { withFile } from '../bytes/with-file.ts';
import type { FfmpegHeader, FfmpegKind } from '../definition/ffmpeg-kind.ts';
import type { StillHeader } from '../definition/still-picture.ts';
import { FORMATS } from '../formats/list.ts';
import { unsupportedVariant } from '../input-errors.ts';
import { damagedPicture } from '../libvips.ts';
import { exifFacts } from '../metadata/exif.ts';
import { checkSize, type PictureLimits } from '../picture-limits.ts';
import type { PictureReader } from './decode.ts';
import type { PictureFile } from './picture-file.ts';
import { stillReader } from './still.ts';

/**
 * Opens a still picture that ffmpeg decodes. The size is read and judged here before ffmpeg sees the file; its samples
 * come as its decoder has them and are converted here, because ffmpeg's scaler rounds.
 * @throws UpreelError `input-missing`, `input-unreadable`, `input-unsupported`, `input-damaged`, `input-too-large`,
 *   `ffmpeg-missing`.
 */
export async function openByFfmpeg(file: PictureFile, kind: FfmpegKind, limits: PictureLimits): Promise<PictureReader> {
  const { path } = file;
  const { name } = FORMATS[file.format];
  const header = await withFile(path, (source) => kind.readHeader(source, path));
  checkSize(path, header.size, limits);
  const source: FfmpegSource = { path, name, demuxer: kind.demuxer, limits };
  const [probed] = await probeStreams(source);
  if (probed === undefined) throw damagedPicture(path);
  const { size } = header;
  if (probed.width !== size.width || probed.height !== size.height) throw damagedPicture(path);
  const format = formatOf(probed, path);
  const still = await describe(header, format, probed, source);
  const meaning: FrameMeaning = {
    path,
    upperBits: header.upperBits ?? null,
    alpha: still.alpha ? (header.alpha ?? 'straight') : 'none',
    matrix: probed.matrix,
    fullRange: probed.range !== 'tv',
  };
  return stillReader(file, still, async () => {
    const frameBytes = frameBytesOf(format, size.width, size.height);
    const pixelFormat = probed.pixelFormat === 'pal8' ? 'rgba' : null;
    const frames = decodeFrames(source, { stream: 0, frames: 1, frameBytes, pixelFormat });
    for await (const frame of frames) return unpackFrame(frame, format, size, meaning);
    throw damagedPicture(path);
  });
}

/** @throws UpreelError `input-unsupported` for samples that are not converted here. */
export function formatOf({ pixelFormat, matrix }: ProbedStream, path: string): PixelFormat {
  // A palette's colours are looked up by ffmpeg, which changes none of them.
  const format = pixelFormatOf(pixelFormat === 'pal8' ? 'rgba' : pixelFormat);
  if (format === null) throw unsupportedVariant(path, `has samples of a kind that ffmpeg calls ${pixelFormat}`);
  if (format.kind === 'yuv' && !isKnownMatrix(matrix)) throw unsupportedVariant(path, `has colours coded as ${matrix}`);
  return format;
}

async function describe(
  header: FfmpegHeader,
  format: PixelFormat,
  probed: ProbedStream,
  source: FfmpegSource,
): Promise<StillHeader> {
  const shape = rasterFormatOf(format);
  const metadata = {
    ...header.metadata,
    ...(header.profileInDecoder === true ? await decoderColour(source, probed) : {}),
  };
  const stated = metadata.exif ? (await exifFacts(metadata.exif)).density : null;
  return {
    ...shape,
    size: header.size,
    orientation: header.orientation ?? 1,
    alpha: shape.alpha && header.alpha !== 'none' && probed.pixelFormat !== 'pal8',
    metadata: { ...metadata, density: metadata.density ?? stated },
    warnings: header.warnings,
  };
}
