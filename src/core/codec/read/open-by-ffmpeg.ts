import { decoderColour } from '../by-ffmpeg/decoder-colour.ts';
import { frameBytesOf, type PixelFormat, pixelFormatOf, rasterFormatOf } from '../by-ffmpeg/pixel-format.ts';
import { decodeFrames, type FfmpegSource, type ProbedStream, probeStreams } from '../by-ffmpeg/run.ts';
import { type FrameMeaning, unpackFrame } from '../by-ffmpeg/unpack.ts';
import { isKnownMatrix } from '../by-ffmpeg/yuv.ts';
import type { FfmpegHeader, FfmpegKind } from '../definition/ffmpeg-kind.ts';
import { dds } from '../formats/dds.ts';
import { dpx } from '../formats/dpx.ts';
import { exr } from '../formats/exr/read-exr.ts';
import { jpeg2000 } from '../formats/jp2.ts';
import { jpegXl } from '../formats/jxl/read-jxl.ts';
import type { FfmpegFormat } from '../formats/list.ts';
import { pcx } from '../formats/pcx.ts';
import { sgi } from '../formats/sgi.ts';
import { damagedPicture } from '../libvips.ts';
import { exifFacts } from '../metadata/exif.ts';
import type { PictureReader } from './decode.ts';
import { checkSize, type PictureInfo, type PictureLimits } from './inspect.ts';
import { withPicture } from './picture-source.ts';
import { type PictureFile, type StillHeader, stillReader, unsupportedVariant } from './still.ts';

const KINDS: Readonly<Record<FfmpegFormat, FfmpegKind>> = { jp2: jpeg2000, jxl: jpegXl, exr, dpx, dds, pcx, sgi };

/** @throws UpreelError as `openByFfmpeg` does. */
export async function inspectByFfmpeg(file: PictureFile<FfmpegFormat>, limits: PictureLimits): Promise<PictureInfo> {
  return (await openByFfmpeg(file, limits)).info;
}

/**
 * Opens a still picture that ffmpeg decodes. The size is read and judged here before ffmpeg sees the file; its samples
 * come as its decoder has them and are converted here, because ffmpeg's scaler rounds.
 * @throws UpreelError `input-missing`, `input-unreadable`, `input-unsupported`, `input-damaged`, `input-too-large`,
 *   `ffmpeg-missing`.
 */
export async function openByFfmpeg(file: PictureFile<FfmpegFormat>, limits: PictureLimits): Promise<PictureReader> {
  const { path } = file;
  const kind: FfmpegKind = KINDS[file.format];
  const header = await withPicture(path, (source) => kind.readHeader(source, path));
  checkSize(path, header.size, limits);
  const source: FfmpegSource = { path, name: kind.name, demuxer: kind.demuxer, limits };
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
