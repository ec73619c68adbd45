// biome-ignore-all lint/suspicious/noControlCharactersInRegex: pictures for terminals are control sequences.
import { inflateSync } from 'node:zlib';
import { describe, expect, it, test } from 'vitest';
import {
  type ColourDepth,
  colourDepth,
  indexOf256,
  paintHalfBlocks,
  paintLetters,
} from '../../../src/tui/picture/cells.ts';
import { composePair, composeStrip, fitInto } from '../../../src/tui/picture/compose.ts';
import { readAnswer } from '../../../src/tui/picture/graphics-query.ts';
import { paintKitty } from '../../../src/tui/picture/kitty.ts';
import { type RgbPicture, resampleRegion } from '../../../src/tui/picture/resample.ts';
import { paintSixel } from '../../../src/tui/picture/sixel.ts';

const RED = [255, 0, 0] as const;
const BLUE = [0, 0, 255] as const;

describe('the answer of a terminal', () => {
  test.each([
    ['\x1b_Gi=31;OK\x1b\\\x1b[6;20;10t\x1b[?62;c', 'kitty', 10, 20],
    ['\x1b_Gi=31;EINVAL:no\x1b\\\x1b[?62;4;22c', 'sixel', 8, 16],
    ['\x1b[6;18;9t\x1b[?64;1;4c', 'sixel', 9, 18],
    ['\x1b[?62;22c', 'cells', 8, 16],
    ['\x1b[?6c', 'cells', 8, 16],
    ['', 'cells', 8, 16],
    ['\x1b[6;99999;0t\x1b[?1;2c', 'cells', 8, 16],
  ])('%j', (answer, kind, width, height) => {
    expect(readAnswer(answer)).toEqual({ kind, cell: { width, height } });
  });
});

describe('colourDepth', () => {
  test.each<[Record<string, string>, boolean, ColourDepth]>([
    [{ TERM: 'xterm-256color', COLORTERM: 'truecolor' }, true, 'truecolor'],
    [{ TERM: 'xterm-kitty' }, true, 'truecolor'],
    [{ TERM: 'xterm-256color' }, true, '256'],
    [{ TERM: 'linux' }, true, '16'],
    [{ TERM: 'xterm-kitty', COLORTERM: 'truecolor' }, false, 'none'],
  ])('%j', (env, hasColour, depth) => expect(colourDepth(env, hasColour)).toBe(depth));
});

describe('half blocks', () => {
  it('show two rows of pixels in a row of cells, and name a colour once', () => {
    const picture = pictureOf(3, 2, (_, y) => (y === 0 ? RED : BLUE));
    expect(paintHalfBlocks(picture, 'truecolor')).toEqual(['\x1b[38;2;255;0;0;48;2;0;0;255m▀▀▀']);
    expect(paintHalfBlocks(picture, '256')).toEqual(['\x1b[38;5;196;48;5;21m▀▀▀']);
    expect(paintHalfBlocks(picture, '16')).toEqual(['\x1b[91;44m▀▀▀']);
  });

  it('take the nearest of 256 colours, grays from the ramp', () => {
    expect(indexOf256(0, 0, 0)).toBe(16);
    expect(indexOf256(255, 255, 255)).toBe(231);
    expect(indexOf256(128, 128, 128)).toBe(244);
    expect(indexOf256(95, 135, 175)).toBe(16 + 36 + 12 + 3);
  });

  it('become letters where there are no colours: blank for black, dense for white', () => {
    const picture = pictureOf(3, 1, (x) => [x * 127, x * 127, x * 127]);

    expect(paintLetters(picture)[0]).toMatch(/^ [-=+]@$/);
  });
});

describe('kitty graphics', () => {
  it('carry all pixels in chunks of at most 4,096 characters, ask for no answer, and can be taken away', () => {
    const picture = pictureOf(90, 60, (x, y) => [(x * 37 + y * 91) % 256, (x * y) % 256, (x * 13) % 256]);
    const { sequence, remove } = paintKitty(picture, 7, { columns: 9, rows: 3 });
    const parts = [...sequence.matchAll(/\x1b_G([^;]*);([^\x1b]*)\x1b\\/g)];
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.map(([whole]) => whole).join('')).toBe(sequence);
    expect(parts[0]![1]).toBe('a=T,f=24,o=z,s=90,v=60,i=7,p=1,c=9,r=3,C=1,q=2,m=1');
    for (const [index, [, keys, data]] of parts.entries()) {
      expect(data!.length).toBeLessThanOrEqual(4096);
      expect(keys).toMatch(index === parts.length - 1 ? /m=0/ : /m=1/);
    }
    const data = Buffer.from(parts.map((part) => part[2]).join(''), 'base64');
    expect(inflateSync(data).equals(Buffer.from(picture.rgb))).toBe(true);
    expect(remove).toBe('\x1b_Ga=d,d=I,i=7,q=2\x1b\\');
  });
});

describe('sixels', () => {
  it('decode to the picture, to the distance of its palette', () => {
    const picture = pictureOf(40, 17, (x, y) => [x * 6, y * 15, 128]);
    const decoded = decodeSixel(paintSixel(picture), 40, 17);
    const errors = Array.from(picture.rgb, (value, at) => Math.abs(value - decoded[at]!));
    expect(Math.max(...errors)).toBeLessThanOrEqual(52);
    // Dithered: a level between two colours is right on the average.
    const blue = decoded.filter((_, at) => at % 3 === 2);
    expect(blue.reduce((sum, value) => sum + value, 0) / blue.length).toBeCloseTo(128, -1);
  });
});

describe('resampleRegion', () => {
  it('gives the same pixels at the same size', () => {
    const picture = pictureOf(5, 4, (x, y) => [x * 50, y * 60, 7]);
    expect(resampleRegion(picture, { x: 0, y: 0, width: 5, height: 4 }, 5, 4).rgb).toEqual(picture.rgb);
  });

  it('averages where it becomes smaller, and stays inside at the edges', () => {
    const picture = pictureOf(4, 2, (x) => (x % 2 === 0 ? [0, 0, 0] : [200, 200, 200]));
    expect([...resampleRegion(picture, { x: 0, y: 0, width: 4, height: 2 }, 2, 1).rgb]).toEqual(new Array(6).fill(100));
    const beyond = resampleRegion(picture, { x: -3, y: -3, width: 10, height: 8 }, 7, 5);
    expect(beyond.rgb).toHaveLength(7 * 5 * 3);
  });
});

describe('composePair', () => {
  const before = pictureOf(8, 6, () => RED);
  const after = pictureOf(32, 24, () => BLUE);
  const view = { zoom: 1, x: 0.5, y: 0.5, wipe: 0.5, arrangement: 'wipe' } as const;

  it('shows before left and after right of the line, in the shape of the picture', () => {
    const shown = composePair({ before, after }, view, { width: 41, height: 30 }, 1);
    expect([shown.width, shown.height]).toEqual([40, 30]);
    expect(pixel(shown, 0, 0)).toEqual([...RED]);
    expect(pixel(shown, 20, 3)).toEqual([255, 255, 255]);
    expect(pixel(shown, 39, 29)).toEqual([...BLUE]);
  });

  it('shows one of them whole when the line is at an end', () => {
    const whole = (wipe: number) => composePair({ before, after }, { ...view, wipe }, { width: 40, height: 30 }, 1);
    expect(new Set(colours(whole(0)))).toEqual(new Set(['0,0,255']));
    expect(new Set(colours(whole(1)))).toEqual(new Set(['255,0,0']));
  });

  it('shows both side by side', () => {
    const shown = composePair({ before, after }, { ...view, arrangement: 'beside' }, { width: 81, height: 60 }, 1);
    expect(shown.width).toBe(81);
    expect(pixel(shown, 0, 0)).toEqual([...RED]);
    expect(pixel(shown, 80, 0)).toEqual([...BLUE]);
  });

  it('fits any shape into any space', () => {
    expect(fitInto({ width: 1, height: 5000 }, { width: 80, height: 20 }, 1)).toEqual({ width: 1, height: 20 });
    expect(fitInto({ width: 5000, height: 1 }, { width: 80, height: 20 }, 1)).toEqual({ width: 80, height: 1 });
    const { picture } = composeStrip([before, after, after], 2, { width: 100, height: 50 }, 1);
    expect(picture.width).toBeLessThanOrEqual(100);
  });
});

function pictureOf(width: number, height: number, colour: (x: number, y: number) => readonly number[]): RgbPicture {
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) rgb.set(colour(x, y), (y * width + x) * 3);
  return { width, height, rgb };
}

function pixel({ width, rgb }: RgbPicture, x: number, y: number): number[] {
  return [...rgb.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
}

function colours(picture: RgbPicture): string[] {
  return Array.from({ length: picture.width * picture.height }, (_, at) =>
    picture.rgb.subarray(at * 3, at * 3 + 3).join(),
  );
}

/** What a terminal makes of it: colour registers, runs, carriage returns and new lines. */
function decodeSixel(sequence: string, width: number, height: number): Uint8Array {
  const [, body] = /^\x1bP0;1;0q"1;1;\d+;\d+(.*)\x1b\\$/s.exec(sequence)!;
  const palette = new Map<number, number[]>();
  const rgb = new Uint8Array(width * height * 3);
  let [x, top, colour] = [0, 0, 0];
  for (const [token] of body!.matchAll(/#\d+;2;\d+;\d+;\d+|#\d+|!\d+.|\$|-|[?-~]/g)) {
    if (token === '$') x = 0;
    else if (token === '-') [x, top] = [0, top + 6];
    else if (token.includes(';')) {
      const [index, , ...levels] = token.slice(1).split(';').map(Number);
      palette.set(
        index!,
        levels.map((level) => Math.round(level * 2.55)),
      );
    } else if (token.startsWith('#')) colour = Number(token.slice(1));
    else {
      const times = token.startsWith('!') ? Number(token.slice(1, -1)) : 1;
      const bits = token.charCodeAt(token.length - 1) - 63;
      for (let run = 0; run < times; run++, x++) {
        for (let row = 0; row < 6; row++) {
          if ((bits >> row) & 1) rgb.set(palette.get(colour)!, ((top + row) * width + x) * 3);
        }
      }
    }
  }
  return rgb;
}
