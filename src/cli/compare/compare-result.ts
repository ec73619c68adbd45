import { basename, extname } from 'node:path';
import { UpreelError } from '../../core/errors.ts';
import type { TaskEvent } from '../../core/events.ts';
import { compareScene } from '../../eval/index.ts';
import { createPageFile, writeTiles } from '../../page/index.ts';

/** `photo.upreel-4x.png` has its page beside it: `photo.upreel-4x.compare.html`. */
function pageBeside(result: string): string {
  return `${result.slice(0, result.length - extname(result).length)}.compare.html`;
}

/**
 * Writes the page that compares a picture with what was made of it, and tells where it is. One of another shape than
 * its source is not compared, which is told.
 * @throws UpreelError `output-exists`, `output-unwritable`, `disk-full`.
 */
export async function compareResult(
  source: string,
  result: string,
  context: { readonly overwrite: boolean; readonly signal: AbortSignal; readonly onEvent: (event: TaskEvent) => void },
): Promise<void> {
  const { overwrite, signal, onEvent } = context;
  const say = (message: string): void => onEvent({ type: 'warning', code: 'compare', message });
  const names = [basename(source), basename(result)];
  const title = names.join(', ');
  const path = pageBeside(result);
  const page = await createPageFile(path, title);
  let key = 0;
  try {
    const scene = await compareScene(
      { name: title, paths: [source, result], names },
      {
        measuring: { border: 0, luma: 'rounded' },
        nextKey: () => key++,
        signal,
        show: (picture, about) => writeTiles(page, about.key, picture, signal),
      },
    );
    await page.finish({ notes: [], scenes: [scene] }, overwrite);
    say(`Compared in ${path}`);
  } catch (error) {
    if (!(error instanceof UpreelError) || error.code !== 'usage') throw error;
    say(`No page was made: ${error.message}`);
  } finally {
    await page.abort();
  }
}
