import { basename } from 'node:path';
import { narrowSamples } from '../../core/codec/index.ts';
import type { ShownResult } from '../../eval/index.ts';
import type { Scene, ScenePicture } from '../../page/index.ts';
import type { Outputs } from './compare-outputs.ts';

/** The page's scenes as `evaluate` gives them: model after model, of each all pictures. */
export class EvaluationScenes {
  readonly #scenes: (Scene & { readonly pictures: ScenePicture[] })[] = [];
  #key = 0;

  async add({ index, path, raster, model, numbers, niqe, seconds }: ShownResult, { show }: Outputs): Promise<void> {
    const { width, height } = raster;
    if (model === null) {
      const name = basename(path);
      this.#scenes[index] = { name, width, height, isTransparent: false, pictures: [], base: 0, notes: [] };
    }
    const { pictures } = this.#scenes[index]!;
    const about: ScenePicture = {
      key: this.#key++,
      name: model ?? 'original',
      facts: [
        ['size', `${width} × ${height}`],
        ...(seconds === null ? [] : [['time', `${seconds.toFixed(2)} s`] as const]),
      ],
      numbers: numbers && {
        psnr: numbers.psnr,
        psnrY: numbers.psnrY,
        ssimY: numbers.ssimY,
        maxDifference: numbers.maxDifference,
      },
      niqe,
    };
    const picture = { colour: narrowSamples(raster), alpha: null, icc: null };
    await show(picture, about, { width, height, index: pictures.length, count: 1 });
    pictures.push(about);
  }

  get scenes(): readonly Scene[] {
    return this.#scenes;
  }
}
