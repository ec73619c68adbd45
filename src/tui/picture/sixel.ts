import type { RgbPicture } from './resample.ts';

/**
 * A picture as sixels (DEC STD 070, chapter 9) at the cursor: bands of six rows, each painted colour by colour. Colours
 * are a fixed cube, dithered in order, so that a picture that changes a little is coded a little differently.
 */
export function paintSixel(picture: RgbPicture): string {
  const { width, height } = picture;
  const indexes = toPalette(picture);
  const bands: string[] = [];
  for (let top = 0; top < height; top += 6) bands.push(paintBand(indexes, width, top, Math.min(6, height - top)));
  return `\x1bP0;1;0q"1;1;${width};${height}${PALETTE}${bands.join('-')}\x1b\\`;
}

/** Levels of red, green, blue: 252 colours; most terminals have 256 registers. */
const LEVELS = [6, 7, 6] as const;

const PALETTE = Array.from({ length: LEVELS[0] * LEVELS[1] * LEVELS[2] }, (_, index) => {
  const blue = index % LEVELS[2];
  const green = Math.floor(index / LEVELS[2]) % LEVELS[1];
  const red = Math.floor(index / (LEVELS[2] * LEVELS[1]));
  const percent = (level: number, levels: number) => Math.round((level * 100) / (levels - 1));
  return `#${index};2;${percent(red, LEVELS[0])};${percent(green, LEVELS[1])};${percent(blue, LEVELS[2])}`;
}).join('');

/** Bayer's order of 4x4 thresholds, -0.5 to 0.5. */
const THRESHOLDS = [0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5].map((rank) => (rank + 0.5) / 16 - 0.5);

function toPalette({ width, height, rgb }: RgbPicture): Uint8Array {
  const indexes = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const threshold = THRESHOLDS[(y % 4) * 4 + (x % 4)]!;
      const level = (channel: number) => {
        const top = LEVELS[channel as 0 | 1 | 2] - 1;
        return Math.min(top, Math.max(0, Math.round((rgb[at * 3 + channel]! / 255) * top + threshold)));
      };
      indexes[at] = (level(0) * LEVELS[1] + level(1)) * LEVELS[2] + level(2);
    }
  }
  return indexes;
}

function paintBand(indexes: Uint8Array, width: number, top: number, rows: number): string {
  const rowsOf = new Map<number, Uint8Array>();
  for (let row = 0; row < rows; row++) {
    for (let x = 0; x < width; x++) {
      const colour = indexes[(top + row) * width + x]!;
      let bits = rowsOf.get(colour);
      if (bits === undefined) {
        bits = new Uint8Array(width);
        rowsOf.set(colour, bits);
      }
      bits[x] = bits[x]! | (1 << row);
    }
  }
  return [...rowsOf].map(([colour, bits]) => `#${colour}${packRuns(bits)}`).join('$');
}

function packRuns(bits: Uint8Array): string {
  let packed = '';
  for (let from = 0; from < bits.length; ) {
    let to = from + 1;
    while (to < bits.length && bits[to] === bits[from]) to++;
    const letter = String.fromCharCode(63 + bits[from]!);
    const times = to - from;
    // Blanks at the end of the band need not be written.
    if (!(to === bits.length && bits[from] === 0)) packed += times > 3 ? `!${times}${letter}` : letter.repeat(times);
    from = to;
  }
  return packed;
}
