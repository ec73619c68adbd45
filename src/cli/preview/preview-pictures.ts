import type { RgbPixels } from '../../engine/index.ts';
import {
  CELLS_ONLY,
  colourDepth,
  type Look,
  type Painted,
  paintStrip,
  queryGraphics,
  type SafeText,
  safeText,
  text,
} from '../../tui/index.ts';
import type { ModelTrial } from './preview-text.ts';

/** Prints the frame and what each model made of it side by side, as many in a row as can be seen. */
export async function showTrials(
  before: RgbPixels,
  trials: readonly ModelTrial[],
  { zoom, look }: { readonly zoom: 1 | 2 | 4 | 8; readonly look: Look },
): Promise<void> {
  const { stdin, stdout, env } = process;
  const graphics = stdin.isTTY ? await queryGraphics(stdin, stdout) : CELLS_ONLY;
  // The query has set the stream going, which would keep the process.
  stdin.pause();
  const columns = Math.max(20, (stdout.columns || 80) - 1);
  const target = { graphics, depth: colourDepth(env, look.colour), isAscii: look.charset === 'ascii' };
  const made = trials.flatMap((trial) => ('error' in trial ? [] : [{ name: trial.model, picture: trial.result }]));
  const all = [{ name: 'before', picture: before }, ...made];
  const perRow = Math.max(1, Math.min(all.length, Math.floor(columns / COLUMNS_EACH)));
  for (let first = 0; first < all.length; first += perRow) {
    const row = all.slice(first, first + perRow);
    const space = { columns: Math.floor((columns * row.length) / perRow), rows: MAX_ROWS };
    const pictures = row.map(({ picture }) => picture);
    const { painted, columnsEach, rows } = paintStrip(pictures, zoom, space, target);
    stdout.write(`${captions(row, columnsEach, look)}\n${inFlow(painted, rows)}\n`);
  }
}

const COLUMNS_EACH = 38;
const MAX_ROWS = 24;

function captions(row: readonly { readonly name: string }[], columnsEach: number, look: Look): SafeText {
  return row.reduce((line, { name }, index) => {
    const start = Math.round(index * columnsEach);
    const gap = safeText(' '.repeat(Math.max(0, start - line.length)));
    return text`${line}${gap}${safeText(name, { charset: look.charset, maxColumns: Math.max(4, Math.floor(columnsEach) - 1) })}`;
  }, text``);
}

/** As text among other text: room is made first, so that nothing scrolls while a picture is drawn. */
function inFlow(painted: Painted, rows: number): string {
  if (painted.kind === 'cells') return `${painted.rows.map((cells) => `${cells}\x1b[0m`).join('\n')}\n`;
  return `${'\n'.repeat(rows)}\x1b[${rows}A\x1b7${painted.sequence}\x1b8\x1b[${rows}B\r`;
}
