import { type Command, Option } from 'commander';
import { DEVICE_NAMES, type DeviceName } from '../core/device-name.ts';
import { UpreelError } from '../core/errors.ts';
import { loadModel } from '../core/model/index.ts';
import { evaluate, isBaseline, type LumaRounding, type Score } from '../eval/index.ts';
import { upscaleImage } from '../library.ts';
import { addCompareCommand } from './compare.ts';
import { protocolText, scoreTable } from './evaluation-text.ts';
import { lumaOption, warn, wholeNumber } from './measuring-flags.ts';
import { printText } from './print-text.ts';

/** Adds `upreel compare` and `upreel eval`. Actions throw UpreelError. */
export function addEvaluationCommands(program: Command): void {
  addCompareCommand(program);

  program
    .command('eval')
    .description('score models on a folder of full-size pictures, as the papers do')
    .argument('<folder>')
    .option(
      '--scale <n>',
      'shrink and enlarge by this factor; as many pixels of border are left out',
      wholeNumber(2),
      4,
    )
    .option(
      '--models <ids>',
      'ids or files, with commas between; "nearest", "bicubic" and "lanczos" are plain resampling',
      'bicubic,realesr-general-x4v3',
    )
    .addOption(lumaOption())
    .addOption(new Option('--device <name>', 'where networks run').choices(['auto', ...DEVICE_NAMES]).default('auto'))
    .option('--each', "every picture's score, too")
    .option('--json', 'one JSON line per model')
    .action(async (folder: string, _: unknown, command: Command) => {
      // The root has a --scale and a --device too, and takes them when they come first.
      const { json, scale, device, luma, each, models: list } = command.optsWithGlobals<EvalFlags>();
      const models = await knownModels(list, wholeScale(scale));
      const scores: Score[] = [];
      for await (const score of evaluate({
        ...{ folder, scale, models, luma, onNote: warn },
        upscale: async (input, output, model) => {
          await upscaleImage(input, { output, model, device, target: { scale }, overwrite: true });
        },
      })) {
        scores.push(score);
        if (json) printText(JSON.stringify({ v: 1, type: 'score', scale, border: scale, luma, ...score }));
      }
      if (json) return;
      printText(scoreTable(scores, each ?? false));
      printText(protocolText(scale, luma));
    });
}

interface EvalFlags {
  readonly scale: number;
  readonly models: string;
  readonly luma: LumaRounding;
  readonly device: DeviceName | 'auto';
  readonly each?: true;
  readonly json?: true;
}

/** The root's --scale takes fractions, too. */
function wholeScale(scale: number): number {
  if (Number.isInteger(scale) && scale >= 2) return scale;
  throw new UpreelError('usage', `Expected a whole number from 2 for \`--scale\`, got ${scale}.`, {
    hint: 'Pictures are shrunk and enlarged by it, and scores are given for 2, 3, 4 and 8.',
  });
}

/** Each is loaded before the first picture is, so that a misspelt name does not cost the scores before it. */
async function knownModels(list: string, scale: number): Promise<string[]> {
  const models = list.split(',').filter(Boolean);
  if (models.length === 0) {
    throw new UpreelError('usage', 'Expected the names of models for `--models`, got none.', {
      hint: 'For example --models bicubic,realesr-general-x4v3.',
    });
  }
  for (const model of models) {
    if (isBaseline(model)) continue;
    const { descriptor } = await loadModel(model);
    if (descriptor.scale !== scale) {
      warn(`${model} enlarges ${descriptor.scale} times: its results are resampled to ${scale} times.`);
    }
  }
  return models;
}
