import { readdir } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { PICTURE_EXTENSIONS } from '../../core/codec/index.ts';
import { DEVICE_NAMES, type DeviceName } from '../../core/device-name.ts';
import { asUpreelError, UpreelError } from '../../core/errors.ts';
import type { TaskEvent } from '../../core/events.ts';
import { loadModel } from '../../core/model/index.ts';
import {
  evaluate,
  evaluateFilms,
  type FilmScore,
  isBaseline,
  type LumaRounding,
  type Score,
  type UpscaleCost,
} from '../../eval/index.ts';
import { upscaleImage, upscaleVideo } from '../../library/index.ts';
import { lumaOption, warn, wholeNumber } from '../flags/measuring-flags.ts';
import { VIDEO_EXTENSIONS } from '../inputs/inputs.ts';
import { listenForInterrupts } from '../interrupt.ts';
import { printText } from '../print-text.ts';
import { addCompareCommand } from './compare.ts';
import { withOutputs } from './compare-outputs.ts';
import { EvaluationScenes } from './evaluation-scenes.ts';
import { protocolText, scoreMarkdown, scoreSentence, scoreTable } from './evaluation-text.ts';
import { filmProtocolText, filmScoreMarkdown, filmScoreTable } from './film-score-text.ts';

/** Adds `upreel compare` and `upreel eval`. Actions throw UpreelError. */
export function addEvaluationCommands(program: Command): void {
  addCompareCommand(program);

  program
    .command('eval')
    .description('score models on a folder of full-size pictures, as the papers do, or of films')
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
  const scale = wholeScale(flags.scale);
  const found = await filesToScore(folder);
  if (flags.html !== undefined && !found.hasPictures && found.films.length > 0) {
    throw new UpreelError('usage', `${folder} holds films alone: --html shows pictures.`, {
      hint: 'Show a film beside its result with upreel compare A B --html page.html.',
    });
  }
  const models = await knownModels(flags.models, scale);
  // A folder with neither is refused there.
  if (found.hasPictures || found.films.length === 0) await scorePictures(folder, scale, models, flags);
  if (found.films.length > 0) await scoreFilms(found.films, scale, models, flags);
}

/** What is scored as a picture, and the videos, by name. */
async function filesToScore(folder: string): Promise<{ readonly hasPictures: boolean; readonly films: string[] }> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => !name.startsWith('.')).sort();
  const extensions = names.map((name) => extname(name).toLowerCase());
  return {
    hasPictures: extensions.some((extension) => PICTURE_EXTENSIONS.has(extension)),
    films: names.filter((_, at) => VIDEO_EXTENSIONS.has(extensions[at]!)).map((name) => join(folder, name)),
  };
}

async function scoreFilms(
  films: readonly string[],
  scale: number,
  models: readonly string[],
  { device, json, markdown, each: isEach }: EvalFlags,
): Promise<void> {
  const interruption = listenForInterrupts();
  const signal = AbortSignal.any([interruption.signal, interruption.drain]);
  const scores: FilmScore[] = [];
  try {
    const upscale = (input: string, output: string, model: string) =>
      measured(scale, (rest) => upscaleVideo(input, { ...rest, output, model, device, signal, encoder: 'ffv1' }));
    for await (const score of evaluateFilms({ films, scale, models, signal, upscale })) {
      scores.push(score);
      if (json) printText(JSON.stringify({ v: 1, type: 'film-score', scale, ...score }));
    }
  } catch (error) {
    throw asUpreelError(signal.aborted ? signal.reason : error);
  } finally {
    interruption.dispose();
  }
  const protocol = filmProtocolText(scale);
  if (markdown) printText(`${filmScoreMarkdown(scores, isEach === true)}\n\n${protocol}`);
  else if (!json) printText(`${filmScoreTable(scores, isEach === true)}\n${protocol}`);
}

async function scorePictures(
  folder: string,
  scale: number,
  models: readonly string[],
  flags: EvalFlags,
): Promise<void> {
  const { json, device, luma, each = false } = flags;
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
        measured(scale, (rest) => upscaleImage(input, { ...rest, output, model, device, signal: outputs.signal })),
    })) {
      scores.push(score);
      if (json) printText(JSON.stringify({ v: 1, type: 'score', scale, border: scale, luma, ...score }));
    }
    if (flags.markdown) printText(`${scoreMarkdown(scores, each)}\n\n${protocol}`);
    else if (!json) printText(`${scoreTable(scores, each)}\n${protocol}`);
    return { notes: [...scores.map(scoreSentence), `Scored so: ${protocol}.`], scenes: shown.scenes };
  });
}

interface Watched {
  readonly target: { readonly scale: number };
  readonly overwrite: true;
  readonly onEvent: (event: TaskEvent) => void;
}

/** What it took is what the engine says: starting it and opening the network do not count. */
async function measured(
  scale: number,
  upscale: (watched: Watched) => Promise<{ readonly seconds: number }>,
): Promise<UpscaleCost> {
  let peakBytes: number | null = null;
  const { seconds } = await upscale({
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
