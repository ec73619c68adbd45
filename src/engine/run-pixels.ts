import { UpreelError } from '../core/errors.ts';
import { targetSize } from '../core/files/output-name.ts';
import { type Size, scaleSize } from '../core/pixels/geometry.ts';
import { openProgressMeter } from '../core/progress-meter.ts';
import { pixelBytes, upscalePixels } from '../core/still/upscale-pixels.ts';
import type { Upscaler } from '../core/upscaler/upscaler.ts';
import type { EngineTask } from './engine-protocol.ts';
import type { PixelPort } from './pixel-port.ts';
import type { TaskContext } from './task-context.ts';

/** Events carry a name for the work's input; pixels have none. */
const NAME = 'pixels';
/** A result larger than this would be an accident. */
const MAX_TARGET_PIXELS = 1e9;

/** A client takes its rows into memory part by part. */
const PART_BYTES = 8 << 20;

/** Says `started`, takes the pixels from the port, and gives the result to it, each part announced by `onRows`. */
export async function runPixelTask(
  { network, request }: Extract<EngineTask, { kind: 'pixels' }>,
  context: TaskContext & { readonly upscaler: Upscaler; readonly port: PixelPort },
): Promise<void> {
  const { upscaler, onEvent, onRows, signal, port } = context;
  const started = performance.now();
  const target =
    request.target.kind === 'exact' ? request.target.size : targetSize(request.source, request.target, upscaler.scale);
  checkTarget(target);
  await upscaler.warmUp({
    channels: request.channels <= 2 ? 1 : 3,
    bytesPerSample: request.depth === 'u8' ? 1 : 2,
  });
  onEvent({
    type: 'started',
    kind: 'image',
    input: NAME,
    output: NAME,
    model: network.model,
    device: upscaler.device,
    source: request.source,
    target,
    framesTotal: 1,
    tilesPerFrame: upscaler.countTiles(request.source),
    framesKept: 0,
  });
  const pixels = await port.read(pixelBytes(request.source, request), signal);
  const natural = scaleSize(request.source, upscaler.scale);
  const passPixels = natural.width * natural.height;
  const meter = openProgressMeter({
    input: NAME,
    framesTotal: 1,
    outputPixelsTotal: passPixels,
    emit: onEvent,
  });
  meter.enter('upscale');
  const onTile = (outputPixels: number, tiles: number): void => meter.add({ outputPixels, tiles });
  const onPasses = (passes: number): void => meter.expect((passes - 1) * passPixels);
  const rowBytes = pixelBytes({ width: target.width, height: 1 }, request);
  const partBytes = Math.max(1, Math.floor(PART_BYTES / rowBytes)) * rowBytes;
  let y = 0;
  for await (const rows of upscalePixels(pixels, { ...request, target }, { upscaler, signal, onTile, onPasses })) {
    for (let at = 0; at < rows.byteLength; at += partBytes) {
      const part = rows.subarray(at, at + partBytes);
      const height = part.byteLength / rowBytes;
      onRows({ y, height, bytes: part.byteLength });
      await port.write(part, signal);
      y += height;
    }
  }
  meter.add({ frames: 1 });
  meter.flush();
  const seconds = (performance.now() - started) / 1000;
  onEvent({ type: 'done', input: NAME, output: NAME, framesTotal: 1, seconds, bytes: rowBytes * target.height });
}

function checkTarget({ width, height }: Size): void {
  if (width * height <= MAX_TARGET_PIXELS) return;
  throw new UpreelError('input-too-large', `The result would have ${width}x${height} pixels.`, {
    hint: 'Choose a smaller scale, or upscale a selection.',
  });
}
