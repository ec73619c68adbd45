import { basename } from 'node:path';
import { ownVersion } from '../core/own-files.ts';
import { commonSize, enlargeTo } from '../eval/index.ts';
import type { RgbPixels } from '../job/index.ts';
import { createPageFile, type ScenePicture, writeTiles } from '../page/index.ts';
import { duration } from '../tui/index.ts';
import type { VideoFrame } from '../video/index.ts';
import type { ModelTrial } from './preview-text.ts';

/**
 * The page of a preview: the frame, and what each network makes of it, with the time that the whole film would take. All
 * at the size of the largest.
 * @throws UpreelError `output-exists`, `output-unwritable`, `disk-full`.
 */
export async function writePreviewPage(
  path: string,
  { video, frame, before }: { readonly video: string; readonly frame: VideoFrame; readonly before: RgbPixels },
  trials: readonly ModelTrial[],
  { overwrite, signal }: { readonly overwrite: boolean; readonly signal: AbortSignal },
): Promise<{ readonly bytes: number }> {
  const name = `${basename(video)}, frame ${frame.index + 1}`;
  const made = trials.flatMap((trial) => ('error' in trial ? [] : [trial]));
  const failed = trials.flatMap((trial) => ('error' in trial ? [`${trial.model}: ${trial.error.message}`] : []));
  const shown: readonly (readonly [name: string, picture: RgbPixels, facts: ScenePicture['facts']])[] = [
    ['before', before, []],
    ...made.map(({ model, device, result, seconds, framesTotal }) => {
      const facts: ScenePicture['facts'] = [
        ['whole film', `about ${duration(seconds * framesTotal)}`],
        ['a frame', `${seconds.toFixed(2)} s on ${device}`],
      ];
      return [model, result, facts] as const;
    }),
  ];
  const size = commonSize(shown.map(([model, { width, height }]) => ({ name: model, width, height })));
  const page = await createPageFile(path, name);
  try {
    const pictures: ScenePicture[] = [];
    const notes: string[] = [];
    for (const [key, [model, { width, height, rgb }, facts]] of shown.entries()) {
      const raster = { width, height, channels: 3, bytesPerSample: 1, data: new Uint8Array(rgb) } as const;
      const isSmaller = width !== size.width || height !== size.height;
      if (isSmaller)
        notes.push(`${model}, ${width}x${height}, is enlarged by bicubic to ${size.width}x${size.height}.`);
      const colour = isSmaller ? enlargeTo(raster, size) : raster;
      await writeTiles(page, key, { colour, alpha: null, icc: null }, signal);
      pictures.push({ key, name: model, facts: [...facts, ['size', `${width} × ${height}`]], numbers: null });
    }
    const about = `The time for the whole film is an estimate: ${frame.framesTotal} frames, each as long as this one.`;
    const scene = { name, ...size, isTransparent: false, pictures, base: null, notes };
    const manifest = { title: name, program: `upreel ${ownVersion()}`, notes: [about, ...failed], scenes: [scene] };
    return await page.finish(manifest, overwrite);
  } finally {
    await page.abort();
  }
}
