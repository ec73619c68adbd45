import { basename } from 'node:path';
import type { RgbPixels } from '../../engine/index.ts';
import { areOfOneShape, commonSize, enlargeTo } from '../../eval/index.ts';
import { createPageFile, type PageFile, type Scene, type ScenePicture, writeTiles } from '../../page/index.ts';
import { duration } from '../../tui/index.ts';
import type { VideoFrame } from '../../video/index.ts';
import type { ModelTrial } from './preview-text.ts';

/**
 * The page of a preview: the frame, and what each network makes of it, with the time that the whole film would take.
 * All at the size of the largest. What a preset cuts to another shape stands by itself, with the frame as it was cut.
 * @throws UpreelError `output-exists`, `output-unwritable`, `disk-full`.
 */
export async function writePreviewPage(
  path: string,
  { video, frame, before }: { readonly video: string; readonly frame: VideoFrame; readonly before: RgbPixels },
  trials: readonly ModelTrial[],
  { overwrite, signal }: { readonly overwrite: boolean; readonly signal: AbortSignal },
): Promise<{ readonly bytes: number }> {
  const title = `${basename(video)}, frame ${frame.index + 1}`;
  const made = trials.flatMap((trial) => ('error' in trial ? [] : [trial]));
  const failed = trials.flatMap((trial) => ('error' in trial ? [`${trial.model}: ${trial.error.message}`] : []));
  const plain = made.filter((trial) => areOfOneShape(trial.result, before));
  const others = made.filter((trial) => !plain.includes(trial));
  const page = await createPageFile(path, title);
  let key = 0;
  const nextKey = (): number => key++;
  try {
    const scenes: Scene[] = [];
    if (plain.length > 0 || others.length === 0) {
      scenes.push(await writeScene(page, title, [beforeOf(before), ...plain.map(shownOf)], nextKey, signal));
    }
    for (const trial of others) {
      scenes.push(await writeScene(page, trial.model, [beforeOf(trial.before), shownOf(trial)], nextKey, signal));
    }
    const about = `The time for the whole film is an estimate: ${frame.framesTotal} frames, each as long as this one.`;
    return await page.finish({ notes: [about, ...failed], scenes }, overwrite);
  } finally {
    await page.abort();
  }
}

interface Shown {
  readonly name: string;
  readonly picture: RgbPixels;
  readonly facts: ScenePicture['facts'];
}

function beforeOf(picture: RgbPixels): Shown {
  return { name: 'before', picture, facts: [] };
}

function shownOf({ model, device, result, seconds, framesTotal }: Extract<ModelTrial, { device: string }>): Shown {
  return {
    name: model,
    picture: result,
    facts: [
      ['whole film', `about ${duration(seconds * framesTotal)}`],
      ['a frame', `${seconds.toFixed(2)} s on ${device}`],
    ],
  };
}

async function writeScene(
  page: PageFile,
  name: string,
  shown: readonly Shown[],
  nextKey: () => number,
  signal: AbortSignal,
): Promise<Scene> {
  const size = commonSize(shown.map(({ name: model, picture }) => ({ ...picture, name: model })));
  const pictures: ScenePicture[] = [];
  const notes: string[] = [];
  for (const { name: model, picture, facts } of shown) {
    const { width, height, rgb } = picture;
    const key = nextKey();
    const raster = { width, height, channels: 3, bytesPerSample: 1, data: new Uint8Array(rgb) } as const;
    const isSmaller = width !== size.width || height !== size.height;
    if (isSmaller) notes.push(`${model}, ${width}x${height}, is enlarged by bicubic to ${size.width}x${size.height}.`);
    const colour = isSmaller ? enlargeTo(raster, size) : raster;
    await writeTiles(page, key, { colour, alpha: null, icc: null }, signal);
    pictures.push({ key, name: model, facts: [...facts, ['size', `${width} × ${height}`]], numbers: null });
  }
  return { name, ...size, isTransparent: false, pictures, base: null, notes };
}
