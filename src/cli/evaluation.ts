import { basename, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { DEVICE_NAMES, type DeviceName } from '../core/device-name.ts';
import { UpreelError } from '../core/errors.ts';
import { loadModel } from '../core/model/index.ts';
import { evaluate, isBaseline, type LumaRounding, type Score, type UpscaleCost } from '../eval/index.ts';
import { upscaleImage } from '../library/index.ts';
import { addCompareCommand } from './compare.ts';
import { withOutputs } from './compare-outputs.ts';
import { EvaluationScenes } from './evaluation-scenes.ts';
import { protocolText, scoreMarkdown, scoreSentence, scoreTable } from './evaluation-text.ts';
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
    .addOption(new Option('--markdown', 'the table in Markdown').conflicts('json'))
    .option('--html <file>', 'write one page with the pictures and what each model makes of them')
    .option('--overwrite', 'replace a page that exists')
    .action(async (folder: string, _: unknown, command: Command) => {
      // The root has a --scale and a --device too, and takes them when they come first.
      await runEval(folder, command.optsWithGlobals<EvalFlags>());
    });
}

async function runEval(folder: string, flags: EvalFlags): Promise<void> {
  const { json, device, luma, each = false } = flags;
  const scale = wholeScale(flags.scale);
  const models = await knownModels(flags.models, scale);
  const protocol = protocolText(scale, luma);
  const title = `${basename(resolve(folder))}, ${scale} times`;
  const scores: Score[] = [];
  await withOutputs({ title, inputs: [] }, flags, async (outputs) => {
    const shown = new EvaluationScenes();
    for await (const score of evaluate({
      folder,
      scale,
      models,
      luma,
      onNote: warn,
      signal: outputs.signal,
      ...(outputs.areAny ? { show: (result) => shown.add(result, outputs) } : {}),
      upscale: (input, output, model) =>
        upscaleMeasured(input, { output, model, device, scale, signal: outputs.signal }),
    })) {
      scores.push(score);
      if (json) printText(JSON.stringify({ v: 1, type: 'score', scale, border: scale, luma, ...score }));
    }
    if (flags.markdown) printText(`${scoreMarkdown(scores, each)}\n\n${protocol}`);
    else if (!json) printText(`${scoreTable(scores, each)}\n${protocol}`);
    return { notes: [...scores.map(scoreSentence), `Scored so: ${protocol}.`], scenes: shown.scenes };
  });
}

interface MeasuredTarget {
  readonly output: string;
  readonly model: string;
  readonly device: DeviceName | 'auto';
  readonly scale: number;
  readonly signal: AbortSignal;
}

/** What it took is what the engine says: starting it and opening the network do not count. */
async function upscaleMeasured(input: string, target: MeasuredTarget): Promise<UpscaleCost> {
  let peakBytes: number | null = null;
  const { scale, ...settings } = target;
  const { seconds } = await upscaleImage(input, {
    ...settings,
    target: { scale },
    overwrite: true,
    onEvent: (event) => {
      if (event.type === 'progress') peakBytes = Math.max(peakBytes ?? 0, event.rssBytes);
    },
  });
  return { seconds, peakBytes };
}

interface EvalFlags {
  readonly scale: number;
  readonly models: string;
  readonly luma: LumaRounding;
  readonly device: DeviceName | 'auto';
  readonly each?: true;
  readonly json?: true;
  readonly markdown?: true;
  readonly html?: string;
  readonly overwrite?: true;
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
