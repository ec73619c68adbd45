import type { Raster } from '../../pixels/raster.ts';
import { MAX_FRAMES } from '../animation/apng-chunks.ts';
import { type Avis, type AvisTrack, readAvis } from '../animation/avis-boxes.ts';
import { frameBytesOf, lumaFormatOf, type PixelFormat, rasterFormatOf } from '../by-ffmpeg/pixel-format.ts';
import { decodeFrames, type FfmpegSource, type ProbedStream, probeStreams } from '../by-ffmpeg/run.ts';
import { unpackFrame } from '../by-ffmpeg/unpack.ts';
import { withFile } from '../bytes/with-file.ts';
import { FORMATS } from '../formats/list.ts';
import { unsupportedVariant } from '../input-errors.ts';
import { damagedPicture } from '../libvips.ts';
import { NO_METADATA, uprightXmp } from '../metadata/metadata.ts';
import { checkSize, type PictureLimits } from '../picture-limits.ts';
import { divideByAlpha, multipliedNote, narrowSamples } from '../samples.ts';
import { turnUpright, uprightSize } from '../turned.ts';
import type { DecodedPicture, PictureReader } from './decode.ts';
import type { PictureInfo } from './inspect.ts';
import { formatOf } from './open-by-ffmpeg.ts';
import type { PictureFile } from './picture-file.ts';
import { checkPage } from './still.ts';

/**
 * Opens an animated AVIF. ffmpeg decodes the track of its colours and that of its alpha side by side, frame by frame;
 * luma and chroma become RGB here.
 * @throws UpreelError `input-missing`, `input-unreadable`, `input-unsupported`, `input-damaged`, `input-too-large`,
 *   `ffmpeg-missing`.
 */
export async function openAvis(file: PictureFile, limits: PictureLimits): Promise<PictureReader> {
  const { path } = file;
  const avis = await withFile(path, (source) => readAvis(source, path));
  const { colour, alpha, exif, xmp } = avis;
  checkSize(path, colour.size, limits);
  const count = colour.delaysMs.length;
  if (count > MAX_FRAMES) {
    throw unsupportedVariant(path, 'has too many pages', `upreel takes ${MAX_FRAMES} of an animation: split it.`);
  }
  const source: FfmpegSource = {
    path,
    name: FORMATS[file.format].name,
    demuxer: 'mov',
    options: ['-ignore_editlist', '1'],
    limits,
  };
  const probed = await probeStreams(source);
  const tracks = {
    colour: trackOf(colour, probed, path),
    alpha: alpha === null ? null : trackOf(alpha, probed, path),
  };
  const { channels, bytesPerSample } = rasterFormatOf(tracks.colour.format);
  const isOfOneSize =
    alpha === null || (alpha.size.width === colour.size.width && alpha.size.height === colour.size.height);
  if (!isOfOneSize) throw unsupportedVariant(path, 'has transparency of another size than its colours');
  const info: PictureInfo = {
    ...file,
    pages: new Array(count).fill(uprightSize(colour.size, colour.orientation)),
    animated: count > 1,
    channels,
    bytesPerSample,
    alpha: alpha !== null,
    metadata: {
      ...NO_METADATA,
      icc: colour.icc,
      exif,
      xmp: xmp === null ? null : uprightXmp(xmp),
      pngColour: colour.icc === null ? colour.pngColour : [],
      delaysMs: count > 1 ? colour.delaysMs : [],
      loop: count > 1 ? avis.plays : null,
    },
    warnings: [...avis.warnings, ...(avis.multiplied ? [multipliedNote(path)] : [])],
  };
  return {
    info,
    readPage: async (page) => {
      checkPage(info, page);
      for await (const decoded of readPages(info, avis, tracks, source)) if (decoded.page === page) return decoded;
      throw damagedPicture(path);
    },
    pages: () => readPages(info, avis, tracks, source),
  };
}

interface OpenTrack {
  readonly track: AvisTrack;
  readonly probed: ProbedStream;
  readonly format: PixelFormat;
}

function trackOf(track: AvisTrack, streams: readonly ProbedStream[], path: string): OpenTrack {
  const probed = streams[track.stream];
  if (probed === undefined || probed.width !== track.size.width || probed.height !== track.size.height)
    throw damagedPicture(path);
  return { track, probed, format: formatOf(probed, path) };
}

async function* readPages(
  info: PictureInfo,
  avis: Avis,
  tracks: { colour: OpenTrack; alpha: OpenTrack | null },
  source: FfmpegSource,
): AsyncGenerator<DecodedPicture> {
  const { path, metadata, pages } = info;
  const colours = rastersOf(tracks.colour, tracks.colour.format, pages.length, source);
  const alphas =
    tracks.alpha === null ? null : rastersOf(tracks.alpha, lumaFormatOf(tracks.alpha.format), pages.length, source);
  const { orientation } = avis.colour;
  let page = 0;
  try {
    for await (const colour of colours) {
      const next = alphas === null ? null : await alphas.next();
      if (next?.done) throw damagedPicture(path);
      const alpha = next === null ? null : sameDepth(next.value, colour);
      if (avis.multiplied && alpha !== null) divideByAlpha(colour, alpha);
      yield {
        ...pages[page]!,
        page,
        colour: turnUpright(colour, orientation),
        alpha: alpha === null ? null : turnUpright(alpha, orientation),
        metadata,
        warnings: [],
      };
      page++;
    }
    // Its end is looked at, too: what the decoder found wrong is reported there.
    await alphas?.next();
  } finally {
    await alphas?.return(undefined);
  }
}

async function* rastersOf(
  { track, probed, format }: OpenTrack,
  layout: PixelFormat,
  frames: number,
  source: FfmpegSource,
): AsyncGenerator<Raster> {
  const { size, stream } = track;
  const frameBytes = frameBytesOf(format, size.width, size.height);
  const meaning = {
    path: source.path,
    upperBits: null,
    alpha: 'none',
    matrix: probed.matrix,
    fullRange: probed.range !== 'tv',
  } as const;
  for await (const frame of decodeFrames(source, { stream, frames, frameBytes, pixelFormat: null })) {
    yield unpackFrame(frame, layout, size, meaning).colour;
  }
}

/** Alpha of 8 bits beside colours of more, or the other way round. */
function sameDepth(alpha: Raster, { bytesPerSample }: Raster): Raster {
  if (alpha.bytesPerSample === bytesPerSample) return alpha;
  if (bytesPerSample === 1) return narrowSamples(alpha);
  const data = new Uint8Array(alpha.data.length * 2);
  const wide = new Uint16Array(data.buffer);
  for (let at = 0; at < wide.length; at++) wide[at] = alpha.data[at]! * 257;
  return { ...alpha, bytesPerSample, data };
}
