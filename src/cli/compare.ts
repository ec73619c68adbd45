import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { asUpreelError, UpreelError } from '../core/errors.ts';
import { ownVersion } from '../core/own-files.ts';
import { refuseSameFile } from '../core/publish.ts';
import { compareFiles, compareScene, findScenes, type LumaRounding, type SceneFiles } from '../eval/index.ts';
import { createPageFile, type PageFile, type Scene, Sheet, writeTiles } from '../page/index.ts';
import { comparisonText, sceneText, shortNumbers } from './evaluation-text.ts';
import { listenForInterrupts } from './interrupt.ts';
import { lumaOption, warn, wholeNumber } from './measuring-flags.ts';
import { printText } from './print-text.ts';

interface CompareFlags {
  readonly border: number;
  readonly luma: LumaRounding;
  readonly reference?: string;
  readonly html?: string;
  readonly png?: string;
  readonly overwrite?: true;
  readonly json?: true;
}

/** Adds `upreel compare`. Its action throws UpreelError. */
export function addCompareCommand(program: Command): void {
  program
    .command('compare')
    .description('how alike pictures are: PSNR, PSNR and SSIM of luma, largest difference; as a page to look at, too')
    .argument('<inputs...>', 'pictures, or folders whose pictures are paired by name')
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
  const { scenes, notes } = await findScenes(inputs, reference);
  const [only] = scenes;
  if (html === undefined && png === undefined && scenes.length === 1 && only!.paths.length === 2) {
    return compareTwo(only!, flags);
  }
  for (const note of notes) warn(note);
  const overwrite = flags.overwrite === true;
  for (const path of [html, png]) if (path !== undefined) await checkOutput(path, scenes, overwrite);
  const title = titleOf(scenes);
  const page = html === undefined ? null : await createPageFile(html, { title, overwrite });
  const sheet = png === undefined ? null : new Sheet();
  const interruption = listenForInterrupts();
  const signal = AbortSignal.any([interruption.signal, interruption.drain]);
  try {
    const compared = await compareScenes(scenes, { page, sheet }, flags, signal);
    if (page !== null) {
      tellFile(html!, await page.finish({ title, program: `upreel ${ownVersion()}`, notes, scenes: compared }), flags);
    }
    if (sheet !== null) tellFile(png!, await sheet.write(png!, overwrite), flags);
  } catch (error) {
    throw asUpreelError(signal.aborted ? signal.reason : error);
  } finally {
    await page?.abort();
    interruption.dispose();
  }
}

async function compareScenes(
  scenes: readonly SceneFiles[],
  { page, sheet }: { readonly page: PageFile | null; readonly sheet: Sheet | null },
  { border, luma, json }: CompareFlags,
  signal: AbortSignal,
): Promise<Scene[]> {
  let key = 0;
  const compared: Scene[] = [];
  for (const files of scenes) {
    const scene = await compareScene(files, {
      ...{ measuring: { border, luma }, signal, nextKey: () => key++ },
      show: async (picture, about, place) => {
        if (page !== null) await writeTiles(page, about.key, picture, signal);
        if (sheet === null) return;
        if (place.index === 0) sheet.addScene(place, place.count);
        await sheet.addPicture(picture, [about.name, ...(about.numbers === null ? [] : [shortNumbers(about.numbers)])]);
      },
    });
    compared.push(scene);
    if (json) for (const record of recordsOf(files, scene)) printText(JSON.stringify({ ...record, border, luma }));
    else printText(sceneText(scene, border));
    for (const note of scene.notes) warn(note);
  }
  return compared;
}

function tellFile(path: string, { bytes }: { readonly bytes: number }, { json }: CompareFlags): void {
  if (json) printText(JSON.stringify({ v: 1, type: 'written', path, bytes }));
  else printText(`${path}: ${(bytes / 1e6).toFixed(1)} MB`);
}

/** Names are as the page has them. */
function recordsOf({ paths }: SceneFiles, { name, width, height, pictures, notes }: Scene): object[] {
  return pictures.flatMap(({ numbers }, at) =>
    numbers === null
      ? []
      : [{ v: 1, type: 'comparison', set: name, a: paths[0], b: paths[at], width, height, ...numbers, notes }],
  );
}

/** @throws UpreelError `usage`, `output-exists`, before any work. */
async function checkOutput(path: string, scenes: readonly SceneFiles[], overwrite: boolean): Promise<void> {
  for (const input of scenes.flatMap(({ paths }) => paths)) await refuseSameFile(input, path);
  if (overwrite || (await stat(path).catch(() => null)) === null) return;
  throw new UpreelError('output-exists', `${path} exists already.`, {
    hint: 'Choose another name, or add --overwrite.',
  });
}

function titleOf(scenes: readonly SceneFiles[]): string {
  return scenes.length === 1 ? scenes[0]!.name : `${scenes.length} pictures compared`;
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
