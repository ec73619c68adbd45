import stringWidth from 'string-width';

/**
 * Columns that a line without escape sequences takes, never too few: terminals that join emoji and modifiers into one
 * picture and terminals that draw each part disagree, and a line that is wider than reckoned would wrap.
 */
export function columnsOf(line: string): number {
  if (isOneColumnEach(line)) return line.length;
  let columns = 0;
  for (const { segment } of SEGMENTER.segment(line)) columns += clusterColumns(segment);
  return columns;
}

/** The line itself if it fits, else its beginning and its end (where a file name has its extension). */
export function shortenMiddle(line: string, maxColumns: number, ellipsis: string): string {
  if (columnsOf(line) <= maxColumns) return line;
  const room = maxColumns - ellipsis.length;
  if (room < 2) return ellipsis.slice(0, Math.max(0, maxColumns));
  const clusters = Array.from(SEGMENTER.segment(line), ({ segment }) => segment);
  const head = takeColumns(clusters, Math.ceil(room / 2));
  const tail = takeColumns(clusters.toReversed(), Math.floor(room / 2)).toReversed();
  return head.join('') + ellipsis + tail.join('');
}

/** Its first characters, as many as fit. */
export function headOf(line: string, maxColumns: number): string {
  if (isOneColumnEach(line)) return line.slice(0, Math.max(0, maxColumns));
  const clusters = Array.from(SEGMENTER.segment(line), ({ segment }) => segment);
  return takeColumns(clusters, maxColumns).join('');
}

/** Pieces of so many columns at most, without looking for words, as a terminal wraps a line; an empty line is one. */
export function piecesOf(line: string, maxColumns: number): readonly string[] {
  const pieces = [''];
  let column = 0;
  for (const { segment } of SEGMENTER.segment(line)) {
    const columns = clusterColumns(segment);
    if (column + columns > maxColumns) {
      pieces.push('');
      column = 0;
    }
    pieces[pieces.length - 1] += segment;
    column += columns;
  }
  return pieces;
}

/** Rows that a line fills in a terminal that wraps it; an empty line fills one. */
export function wrappedRows(line: string, terminalColumns: number): number {
  return piecesOf(line, terminalColumns).length;
}

const SEGMENTER = new Intl.Segmenter('en');

function isPrintableAscii(line: string): boolean {
  return /^[\x20-\x7e]*$/.test(line);
}

/** ASCII, lines, blocks and our own symbols: nearly all that is ever drawn, without asking what joins with what. */
function isOneColumnEach(line: string): boolean {
  return /^[\x20-\x7e\u2500-\u259f…·→▸▾‖■✓✗↑↓←]*$/.test(line);
}

function clusterColumns(cluster: string): number {
  if (cluster.length === 1 && isPrintableAscii(cluster)) return 1;
  let separately = 0;
  for (const character of cluster) separately += stringWidth(character);
  return Math.max(separately, stringWidth(cluster));
}

function takeColumns(clusters: readonly string[], maxColumns: number): string[] {
  const taken: string[] = [];
  let columns = 0;
  for (const cluster of clusters) {
    columns += clusterColumns(cluster);
    if (columns > maxColumns) break;
    taken.push(cluster);
  }
  return taken;
}
