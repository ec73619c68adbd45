import { createPicture, openPicture, type PictureInfo, type PictureReader, type PictureSink } from '../codec/index.ts';
import type { TaskEvent } from '../events.ts';
import { keepTimes, refuseSameFile } from '../files/publish.ts';
import type { Grayness } from '../pixels/gray.ts';
import { openProgressMeter, type ProgressMeter } from '../progress-meter.ts';
import { type Making, markPicture, provenanceText } from '../provenance.ts';
import type { Upscaler } from '../upscaler/upscaler.ts';
import { cropInfo, cropPage } from './crop-picture.ts';
import { filterPage, passedOverIn } from './filter-picture.ts';
import { imageOutput, imagePlan } from './image-plan.ts';
import type { ImageRequest } from './image-request.ts';
import { pictureTarget } from './picture-target.ts';
import { upscalePage } from './upscale-page.ts';

export interface ImageContext {
  readonly upscaler: Upscaler;
  /** For the events: what the user called the model. */
  readonly model: string;
  /** What the result's metadata tell; null: nothing. */
  readonly making: Making | null;
  readonly signal: AbortSignal;
  readonly onEvent: (event: TaskEvent) => void;
}

export interface ImageResult {
  readonly output: string;
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
}

/**
 * Upscales one picture file: decode, tiles through the network, stitch, encode, publish. The result appears complete
 * under its name or not at all.
 * @throws UpreelError `input-*`, `output-*`, `usage`, `disk-full`, `out-of-memory`, `interrupted`.
 */
export async function upscaleImageFile(request: ImageRequest, context: ImageContext): Promise<ImageResult> {
  const { upscaler, onEvent } = context;
  const started = performance.now();
  const reader = await openPicture(request.input, request, context.signal);
  const info = cropInfo(reader.info, request.crop);
  const output = imageOutput(request, info, upscaler.scale);
  await refuseSameFile(request.input, output);
  const made = await madeText(request, context);
  const sink = await createPicture(output, imagePlan(output, request, info, upscaler.scale, made));
  try {
    announce(output, request, info, sink, context);
    const meter = meterFor(request, info, context);
    await upscalePages(reader, sink, meter, request, context);
    meter.enter('publish');
    const { bytes } = await sink.finish();
    if (request.keepTimes) await keepTimes(request.input, output);
    meter.flush();
    const seconds = (performance.now() - started) / 1000;
    onEvent({ type: 'done', input: request.input, output, framesTotal: info.pages.length, seconds, bytes });
    return { output, ...pictureTarget(info.pages[0]!, request, upscaler.scale).size, bytes };
  } finally {
    await sink.abort();
  }
}

async function upscalePages(
  reader: PictureReader,
  sink: PictureSink,
  meter: ProgressMeter,
  { input, alpha, gray, crop, pre }: ImageRequest,
  context: ImageContext,
): Promise<void> {
  meter.enter('upscale');
  const expected = expectedPasses({ alpha }, reader.info);
  for await (const decoded of reader.pages()) {
    const page = cropPage(decoded, crop);
    for (const message of page.warnings) context.onEvent({ type: 'warning', code: 'picture', message });
    if (pre !== null) await filterPage(page, pre, context.signal);
    const onTile = (outputPixels: number, tiles: number): void => meter.add({ outputPixels, tiles });
    const pagePixels = page.width * page.height * context.upscaler.scale ** 2;
    const onPasses = (passes: number): void => meter.expect((passes - expected) * pagePixels);
    const onGray = (found: Grayness): void => {
      const message = describeGray(input, found, reader.info.pages.length > 1 ? page.page : null);
      context.onEvent({ type: 'warning', code: 'gray', message });
    };
    const bands = upscalePage(page, { ...context, onTile, onPasses, alphaMethod: alpha, gray, onGray });
    for await (const band of bands) await sink.writeRows(band);
    meter.add({ frames: 1 });
  }
}

/** @param page from 0; null: the only one */
function describeGray(input: string, found: Grayness, page: number | null): string {
  const what = page === null ? input : `Page ${page + 1} of ${input}`;
  if (found === 'none') return `${what} becomes gray, as asked.`;
  const how = found === 'exact' ? 'is gray, stored as RGB' : 'is gray but for traces of colour';
  return `${what} ${how}: it stays gray. --gray off lets the network see three channels.`;
}

async function madeText({ input, strip }: ImageRequest, { making, signal }: ImageContext): Promise<string | null> {
  if (making === null || strip) return null;
  return provenanceText({ ...making, source: await markPicture(input, signal) });
}

function announce(
  output: string,
  request: ImageRequest,
  info: PictureInfo,
  sink: PictureSink,
  { upscaler, model, onEvent }: ImageContext,
): void {
  const [first] = info.pages;
  onEvent({
    type: 'started',
    kind: 'image',
    input: request.input,
    output,
    model,
    device: upscaler.device,
    source: { width: first!.width, height: first!.height },
    target: pictureTarget(first!, request, upscaler.scale).size,
    framesTotal: info.pages.length,
    tilesPerFrame: upscaler.countTiles(first!),
    framesKept: 0,
  });
  const remarks = [...info.warnings, ...passedOverIn(request.pre), ...sink.warnings];
  for (const message of remarks) onEvent({ type: 'warning', code: 'picture', message });
}

function meterFor(request: ImageRequest, info: PictureInfo, { upscaler, onEvent }: ImageContext): ProgressMeter {
  const sourcePixels = info.pages.reduce((sum, page) => sum + page.width * page.height, 0);
  return openProgressMeter({
    input: request.input,
    framesTotal: info.pages.length,
    outputPixelsTotal: sourcePixels * upscaler.scale ** 2 * expectedPasses(request, info),
    emit: onEvent,
  });
}

/** How often the network is likely to go over a page; whether alpha is flat shows when it is decoded. */
function expectedPasses({ alpha }: Pick<ImageRequest, 'alpha'>, info: PictureInfo): 1 | 2 {
  return info.alpha && alpha === 'network' ? 2 : 1;
}
