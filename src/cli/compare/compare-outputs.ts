import { stat } from 'node:fs/promises';
import { byteText } from '../../core/byte-text.ts';
import { asUpreelError, UpreelError } from '../../core/errors.ts';
import { refuseSameFile } from '../../core/files/publish.ts';
import type { Size } from '../../core/pixels/geometry.ts';
import type { LumaRounding } from '../../eval/index.ts';
import {
  createPageFile,
  type PageContent,
  type PageFile,
  type ScenePicture,
  Sheet,
  type ShownPicture,
  writeTiles,
} from '../../page/index.ts';
import { safeText } from '../../tui/index.ts';
import { listenForInterrupts } from '../interrupt.ts';
import { printText } from '../print-text.ts';
import { shortNumbers } from './evaluation-text.ts';

export interface CompareFlags {
  readonly border: number;
  readonly luma: LumaRounding;
  readonly reference?: string;
  readonly html?: string;
  readonly png?: string;
  readonly overwrite?: true;
  readonly json?: true;
}

/** Where pictures go that are compared: a page, a sheet, both or neither. */
export interface Outputs {
  readonly signal: AbortSignal;
  /** Whether anything is shown. */
  readonly areAny: boolean;
  /** Of one scene after another the pictures in order, the base first. */
  show(picture: ShownPicture, about: ScenePicture, place: Size & { index: number; count: number }): Promise<void>;
  readonly addData: PageFile['addData'];
}

/**
 * Opens what the flags ask for, has it filled, and tells what was written. Nothing is left behind where that fails.
 * @param inputs which no output may be
 * @throws UpreelError `usage`, `output-exists` before any work.
 */
export async function withOutputs(
  { title, inputs }: { readonly title: string; readonly inputs: readonly string[] },
  flags: Pick<CompareFlags, 'html' | 'png' | 'overwrite' | 'json'>,
  work: (outputs: Outputs) => Promise<PageContent>,
): Promise<void> {
  const { html, png } = flags;
  const overwrite = flags.overwrite === true;
  for (const path of [html, png]) if (path !== undefined) await checkOutputPlace(path, inputs, overwrite);
  const page = html === undefined ? null : await createPageFile(html, title);
  const sheet = png === undefined ? null : new Sheet();
  const interruption = listenForInterrupts();
  const signal = AbortSignal.any([interruption.signal, interruption.drain]);
  try {
    const found = await work({
      signal,
      areAny: page !== null || sheet !== null,
      show: async (picture, about, place) => {
        if (page !== null) await writeTiles(page, about.key, picture, signal);
        if (sheet === null) return;
        if (place.index === 0) sheet.addScene(place, place.count);
        await sheet.addPicture(picture, [about.name, ...(about.numbers === null ? [] : [shortNumbers(about.numbers)])]);
      },
      addData: async (id, data) => page?.addData(id, data),
    });
    if (page !== null) tellFile(html!, await page.finish(found, overwrite), flags);
    if (sheet !== null) tellFile(png!, await sheet.write(png!, overwrite), flags);
  } catch (error) {
    throw asUpreelError(signal.aborted ? signal.reason : error);
  } finally {
    await page?.abort();
    interruption.dispose();
  }
}

/** @throws UpreelError `usage` where an output is an input, `output-exists`. */
export async function checkOutputPlace(path: string, inputs: readonly string[], overwrite: boolean): Promise<void> {
  for (const input of inputs) await refuseSameFile(input, path);
  if (overwrite || (await stat(path).catch(() => null)) === null) return;
  throw new UpreelError('output-exists', `${path} exists already.`, {
    hint: 'Choose another name, or add --overwrite.',
  });
}

function tellFile(path: string, { bytes }: { readonly bytes: number }, { json }: { readonly json?: true }): void {
  if (json) printText(JSON.stringify({ v: 1, type: 'written', path, bytes }));
  // What goes to standard output may be meant for a file.
  else console.error(`upreel: ${safeText(path)}: ${byteText(bytes)}`);
}
