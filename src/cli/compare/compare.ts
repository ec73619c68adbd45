import type { Command } from 'commander';
import { UpreelError } from '../../core/errors.ts';
import { compareFiles, compareScene, findScenes, type SceneFiles } from '../../eval/index.ts';
import type { Scene } from '../../page/index.ts';
import { lumaOption, warn, wholeNumber } from '../flags/measuring-flags.ts';
import { printText } from '../print-text.ts';
import { areFilms, compareTwoFilms } from './compare-films.ts';
import { type CompareFlags, type Outputs, withOutputs } from './compare-outputs.ts';
import { comparisonText, sceneText } from './evaluation-text.ts';

/** Adds `upreel compare`. Its action throws UpreelError. */
export function addCompareCommand(program: Command): void {
  program
    .command('compare')
    .description('how alike pictures are: PSNR, PSNR and SSIM of luma, largest difference; as a page to look at, too')
    .argument('<inputs...>', 'pictures, folders whose pictures are paired by name, or two films')
    .option('--reference <path>', 'what all are measured against; without it, the first')
    .option('--html <file>', 'write one page with the pictures, to be opened in a browser')
    .option('--png <file>', 'write one picture with all of them side by side, and their differences')
    .option('--overwrite', 'replace a page or a picture that exists')
    .option('--border <px>', 'leave this much out of every measure, on each side', wholeNumber(0), 0)
    .addOption(lumaOption())
    .option('--json', 'JSON objects')
    .action(async (inputs: string[], _: unknown, command: Command) => {
      await compare(inputs, command.optsWithGlobals<CompareFlags>());
    });
}

async function compare(inputs: readonly string[], flags: CompareFlags): Promise<void> {
  const { reference = null, html, png } = flags;
  if (inputs.length + (reference === null ? 0 : 1) < 2) {
    throw new UpreelError('usage', 'Expected two pictures or folders to compare, got one.', {
      hint: 'For example: upreel compare a.png b.png --html page.html',
    });
  }
  const all = reference === null ? inputs : [reference, ...inputs];
  if (await areFilms(all)) return compareTwoFilms([all[0]!, all[1]!], flags);
  const { scenes, notes } = await findScenes(inputs, reference);
  const [only] = scenes;
  if (html === undefined && png === undefined && scenes.length === 1 && only!.paths.length === 2) {
    return compareTwo(only!, flags);
  }
  for (const note of notes) warn(note);
  const title = scenes.length === 1 ? only!.name : `${scenes.length} pictures compared`;
  await withOutputs({ title, inputs: scenes.flatMap(({ paths }) => paths) }, flags, async (outputs) => {
    return { notes, scenes: await compareScenes(scenes, outputs, flags) };
  });
}

async function compareScenes(
  scenes: readonly SceneFiles[],
  { show, signal }: Outputs,
  { border, luma, json }: CompareFlags,
): Promise<Scene[]> {
  let key = 0;
  const compared: Scene[] = [];
  for (const files of scenes) {
    const scene = await compareScene(files, { measuring: { border, luma }, signal, nextKey: () => key++, show });
    compared.push(scene);
    if (json) for (const record of recordsOf(files, scene)) printText(JSON.stringify({ ...record, border, luma }));
    else printText(sceneText(scene, border));
    for (const note of scene.notes) warn(note);
  }
  return compared;
}

/** Names are as the page has them. */
function recordsOf({ paths }: SceneFiles, { name, width, height, pictures, notes }: Scene): object[] {
  return pictures.flatMap(({ numbers, niqe }, at) => {
    if (numbers === null) return [];
    const natural = { niqe: [pictures[0]!.niqe, niqe] };
    const files = { set: name, a: paths[0], b: paths[at], width, height };
    return [{ v: 1, type: 'comparison', ...files, ...numbers, ...natural, notes }];
  });
}

/** As ever: all pages of two files of one size. */
async function compareTwo({ paths }: SceneFiles, { border, luma, json }: CompareFlags): Promise<void> {
  const { notes, ...comparison } = await compareFiles(paths[0]!, paths[1]!, { border, luma });
  if (json) {
    printText(JSON.stringify({ v: 1, type: 'comparison', ...comparison, border, luma, notes }));
    return;
  }
  printText(comparisonText(comparison, border));
  for (const note of notes) warn(note);
}
