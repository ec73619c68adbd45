import type { RgbPicture } from './resample.ts';

/** How finely a terminal tells colours apart; none: letters of different density. */
export type ColourDepth = 'truecolor' | '256' | '16' | 'none';

/** From the environment alone. */
export function colourDepth(env: Readonly<Record<string, string | undefined>>, hasColour: boolean): ColourDepth {
  if (!hasColour) return 'none';
  const { COLORTERM = '', TERM = '', TERM_PROGRAM = '' } = env;
  if (/truecolor|24bit/.test(COLORTERM) || /direct|kitty|foot|ghostty|alacritty|wezterm/.test(TERM)) return 'truecolor';
  if (/iTerm|WezTerm|ghostty|vscode/.test(TERM_PROGRAM) || env.WT_SESSION) return 'truecolor';
  return /256/.test(TERM) ? '256' : '16';
}

/** Rows of half-block characters: each cell shows two pixels, one above the other. The picture has two rows a cell. */
export function paintHalfBlocks({ width, height, rgb }: RgbPicture, depth: Exclude<ColourDepth, 'none'>): string[] {
  const code = CODES[depth];
  return Array.from({ length: Math.ceil(height / 2) }, (_, row) => {
    let painted = '';
    let style = '';
    for (let x = 0; x < width; x++) {
      const above = (row * 2 * width + x) * 3;
      const below = row * 2 + 1 < height ? above + width * 3 : above;
      const next = `\x1b[${code(rgb, above, 'front')};${code(rgb, below, 'back')}m`;
      painted += next === style ? '▀' : `${next}▀`;
      style = next;
    }
    return painted;
  });
}

/** Rows of letters from blank to dense, a cell a pixel. */
export function paintLetters({ width, height, rgb }: RgbPicture): string[] {
  return Array.from({ length: height }, (_, y) => {
    let painted = '';
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3;
      const luma = (0.2126 * rgb[at]! + 0.7152 * rgb[at + 1]! + 0.0722 * rgb[at + 2]!) / 255;
      painted += LETTERS[Math.min(LETTERS.length - 1, Math.floor(luma * LETTERS.length))]!;
    }
    return painted;
  });
}

const LETTERS = ' .:-=+*#%@';

type ColourCode = (rgb: Uint8Array, at: number, side: 'front' | 'back') => string;

const CODES: Readonly<Record<Exclude<ColourDepth, 'none'>, ColourCode>> = {
  truecolor: (rgb, at, side) => `${side === 'front' ? 38 : 48};2;${rgb[at]};${rgb[at + 1]};${rgb[at + 2]}`,
  '256': (rgb, at, side) => `${side === 'front' ? 38 : 48};5;${indexOf256(rgb[at]!, rgb[at + 1]!, rgb[at + 2]!)}`,
  '16': (rgb, at, side) => {
    const index = indexOf16(rgb[at]!, rgb[at + 1]!, rgb[at + 2]!);
    return String((index < 8 ? 30 + index : 82 + index) + (side === 'front' ? 0 : 10));
  },
};

/** Of xterm's palette: the cube of six steps a channel, or the ramp of grays, whichever is nearer. */
export function indexOf256(red: number, green: number, blue: number): number {
  const cube = [red, green, blue].map(nearestStep);
  const gray = Math.min(23, Math.max(0, Math.round(((red + green + blue) / 3 - 8) / 10)));
  const level = 8 + gray * 10;
  const cubeError = distance(red, green, blue, CUBE[cube[0]!]!, CUBE[cube[1]!]!, CUBE[cube[2]!]!);
  if (distance(red, green, blue, level, level, level) < cubeError) return 232 + gray;
  return 16 + 36 * cube[0]! + 6 * cube[1]! + cube[2]!;
}

function nearestStep(value: number): number {
  if (value < 48) return 0;
  return value < 115 ? 1 : Math.min(5, Math.floor((value - 35) / 40));
}

const CUBE = [0, 95, 135, 175, 215, 255] as const;

function indexOf16(red: number, green: number, blue: number): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const [index, [r, g, b]] of BASIC.entries()) {
    const error = distance(red, green, blue, r, g, b);
    if (error < least) [best, least] = [index, error];
  }
  return best;
}

/** xterm's defaults; terminals differ. */
const BASIC = [
  [0, 0, 0],
  [205, 0, 0],
  [0, 205, 0],
  [205, 205, 0],
  [0, 0, 238],
  [205, 0, 205],
  [0, 205, 205],
  [229, 229, 229],
  [127, 127, 127],
  [255, 0, 0],
  [0, 255, 0],
  [255, 255, 0],
  [92, 92, 255],
  [255, 0, 255],
  [0, 255, 255],
  [255, 255, 255],
] as const;

function distance(r1: number, g1: number, b1: number, r2: number, g2: number, b2: number): number {
  return (r1 - r2) ** 2 + (g1 - g2) ** 2 + (b1 - b2) ** 2;
}
