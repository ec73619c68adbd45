import { checkPicture, inspectPicture } from '../codec/index.ts';
import { folderFor } from '../files/output-folder.ts';
import { refuseSameFile } from '../files/publish.ts';
import type { Size } from '../pixels/geometry.ts';
import { cropInfo } from './crop-picture.ts';
import { passedOverIn } from './filter-picture.ts';
import { imageOutput, imagePlan } from './image-plan.ts';
import type { ImageRequest } from './image-request.ts';
import { pictureTarget } from './picture-target.ts';

/** What upscaling a picture would do. */
export interface ImagePlan {
  readonly output: string;
  readonly source: Size;
  readonly target: Size;
  readonly pages: number;
  /** Of all pages, those of alpha that goes through the network once more. */
  readonly sourcePixels: number;
  readonly warnings: readonly string[];
}

/**
 * Finds out what `upscaleImageFile` would do, from the source's header alone, and writes nothing.
 * @param folders that are not there and would be made first.
 * @throws UpreelError where the work would be refused before it begins: `input-*`, `output-*`, `usage`.
 */
export async function planImage(
  request: ImageRequest,
  networkScale: number,
  folders: ReadonlySet<string>,
): Promise<ImagePlan> {
  const info = cropInfo(await inspectPicture(request.input, request), request.crop);
  const output = imageOutput(request, info, networkScale);
  await refuseSameFile(request.input, output);
  const isFolderThere = await folderFor(output, folders);
  const plan = imagePlan(output, request, info, networkScale, null);
  const warnings = [
    ...info.warnings,
    ...passedOverIn(request.pre),
    ...(await checkPicture(output, plan, isFolderThere)),
  ];
  const [first] = info.pages;
  const passes = info.alpha && request.alpha === 'network' ? 2 : 1;
  const sourcePixels = info.pages.reduce((sum, { width, height }) => sum + width * height, 0) * passes;
  const { size: target } = pictureTarget(first!, request, networkScale);
  return { output, source: first!, target, pages: info.pages.length, sourcePixels, warnings };
}
