import { extensionFor, outputFormatOf, type PictureFilePlan, type PictureInfo } from '../codec/index.ts';
import { outputPath } from '../files/output-name.ts';
import { type Size, scaleSize } from '../pixels/geometry.ts';
import type { ImageRequest } from './image-request.ts';
import { pictureTarget } from './picture-target.ts';

/** Where a picture's result goes. @throws UpreelError `usage`. */
export function imageOutput(request: ImageRequest, info: PictureInfo, networkScale: number): string {
  const rule = request.output;
  if (rule.kind === 'file') return outputPath(rule, request.target, networkScale);
  return outputPath({ ...rule, extension: extensionFor(request.format, info) }, request.target, networkScale);
}

/** The file that is to be written. @param made what it tells of how it was made; null: nothing. */
export function imagePlan(
  output: string,
  request: ImageRequest,
  info: PictureInfo,
  networkScale: number,
  made: string | null,
): PictureFilePlan {
  return {
    pages: info.pages.map((page) => pageOf(page, request, networkScale)),
    channels: info.channels,
    bytesPerSample: info.bytesPerSample,
    alpha: info.alpha,
    format: outputFormatOf(output),
    quality: request.quality,
    effort: request.effort,
    lossless: request.lossless,
    metadata: info.metadata,
    strip: request.strip,
    made,
    flatten: request.flatten,
    overwrite: request.overwrite,
  };
}

function pageOf(page: Size, request: ImageRequest, networkScale: number): PictureFilePlan['pages'][number] {
  const natural = scaleSize(page, networkScale);
  const { scaled, canvas } = pictureTarget(page, request, networkScale);
  const same = scaled.width === natural.width && scaled.height === natural.height;
  return { ...natural, resizeTo: same ? null : scaled, canvas };
}
