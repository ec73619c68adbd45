/** How a terminal shows pictures, by its own word. */
export interface Graphics {
  readonly kind: 'kitty' | 'sixel' | 'cells';
  /** Size of a cell in pixels. */
  readonly cell: { readonly width: number; readonly height: number };
}

export const CELLS_ONLY: Graphics = { kind: 'cells', cell: { width: 8, height: 16 } };

/**
 * Asks the terminal: for kitty's graphics, for the size of a cell, and, because every terminal answers that, for what
 * it is. What does not answer in time has cells only. Keys pressed meanwhile are given back to the stream.
 */
export async function queryGraphics(
  stdin: NodeJS.ReadStream,
  stdout: NodeJS.WriteStream,
  timeoutMs = 300,
): Promise<Graphics> {
  if (!stdin.isTTY || !stdout.isTTY) return CELLS_ONLY;
  const wasRaw = stdin.isRaw;
  stdin.setRawMode(true);
  let answer = '';
  try {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(end, timeoutMs);
      function end(): void {
        clearTimeout(timer);
        stdin.off('readable', take);
        resolve();
      }
      function take(): void {
        for (let data = stdin.read(); data !== null; data = stdin.read()) answer += String(data);
        if (DEVICE_ATTRIBUTES.test(answer)) end();
      }
      stdin.on('readable', take);
      stdout.write(KITTY_QUERY + CELL_SIZE_QUERY + DEVICE_ATTRIBUTES_QUERY);
    });
  } finally {
    stdin.setRawMode(wasRaw);
  }
  const keys = answer.replace(ANSWERS, '');
  if (keys !== '') stdin.unshift(Buffer.from(keys));
  return readAnswer(answer);
}

export function readAnswer(answer: string): Graphics {
  const [, height, width] = CELL_SIZE.exec(answer) ?? [];
  const isSane = Number(width) >= 2 && Number(width) <= 200 && Number(height) >= 2 && Number(height) <= 400;
  const cell = isSane ? { width: Number(width), height: Number(height) } : CELLS_ONLY.cell;
  if (KITTY_OK.test(answer)) return { kind: 'kitty', cell };
  const attributes = DEVICE_ATTRIBUTES.exec(answer)?.[1]?.split(';') ?? [];
  return { kind: attributes.includes('4') ? 'sixel' : 'cells', cell };
}

const KITTY_QUERY = '\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\';
const CELL_SIZE_QUERY = '\x1b[16t';
const DEVICE_ATTRIBUTES_QUERY = '\x1b[c';

// biome-ignore-start lint/suspicious/noControlCharactersInRegex: answers of terminals are control sequences.
const KITTY_OK = /\x1b_Gi=31;OK\x1b\\/;
const CELL_SIZE = /\x1b\[6;(\d+);(\d+)t/;
const DEVICE_ATTRIBUTES = /\x1b\[\?([\d;]*)c/;
const ANSWERS = /\x1b_G[^\x1b]*\x1b\\|\x1b\[6;\d+;\d+t|\x1b\[\?[\d;]*c/g;
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: end.
