import { isFoundElsewhere } from './block-match.ts';
import type { CellGrid } from './cell-grid.ts';
import { CELL_PX } from './planes.ts';

/** Of one frame's noise: of fourfold luma, and of a colour difference. */
export interface NoiseVariance {
  readonly luma: number;
  readonly colour: number;
}

/** Grain and tape noise depend on brightness: levels of 255 in so many parts. */
const BINS = 8;
const LEVELS_PER_BIN = 256 / BINS;
/** Blocks of 2x2 cells vary less among each other than cells do. */
const BLOCK_CELLS = 2;
/** The calmest part of the blocks is noise alone, if anything is. */
const CALMEST = 0.3;
/** What the calmest part of equally noisy blocks lies below their mean, made up for. */
const CALM_BIAS = 1.2;
/** A bin with fewer blocks goes by all. */
const FEW_BLOCKS = 16;
/** What moves is farther off after two frames than after one; noise hardly, but where filters made it linger. */
const MOVES_RATIO = 2;
/** Standard deviation beyond which nothing is noise, in levels: snow on the screen is a picture of snow. */
const LOUDEST = 12;
/** A block of which a shift explains as much (stillness.ts) is not noise alone. */
const MOVES_SHARE = 0.2;
/** Blocks that are looked for elsewhere, of the calmest. */
const TRIED_BLOCKS = 16;
/** A pan must not raise the level at once; a calm frame tells the truth. */
const RISE = 0.2;
const FALL = 0.5;

/**
 * Measures how much the source jitters by itself, from its frames so far: of the blocks that differ least from the two
 * frames before, those of one brightness together. A frame in which these differ more from the frame before the last
 * than from the last, or are found elsewhere in the last, moves as a whole, and tells nothing.
 */
export class NoiseLevel {
  readonly #grid: CellGrid;
  readonly #bins: (NoiseVariance | null)[] = Array.from({ length: BINS }, () => null);

  constructor(grid: CellGrid) {
    this.#grid = grid;
  }

  /**
   * Looks at the frame that the grid has read; it must be the third or a later one.
   * @param shifted of each cell, the part of its difference that a shift explains
   * @returns whether it tells anything
   */
  observe(shifted: Float32Array): boolean {
    const blocks = this.#blocks(shifted);
    const all = calmest(blocks);
    if (all === null || this.#doMove(blocks)) return false;
    for (let bin = 0; bin < BINS; bin++) {
      const own = blocks.filter(({ level }) => Math.floor(level / LEVELS_PER_BIN) === bin);
      const found = own.length < FEW_BLOCKS ? all : calmest(own);
      if (found === null) continue;
      const before = this.#bins[bin] ?? found;
      this.#bins[bin] = { luma: follow(before.luma, found.luma), colour: follow(before.colour, found.colour) };
    }
    return true;
  }

  /** At a brightness, 0..255; 0 where nothing is known. */
  at(level: number): NoiseVariance {
    const place = Math.min(BINS - 1, Math.max(0, level / LEVELS_PER_BIN - 0.5));
    const low = Math.floor(place);
    const [a, b] = [this.#bins[low] ?? SILENCE, this.#bins[Math.min(BINS - 1, low + 1)] ?? SILENCE];
    const share = place - low;
    return { luma: a.luma + share * (b.luma - a.luma), colour: a.colour + share * (b.colour - a.colour) };
  }

  /** Whether a third of the calmest blocks are found elsewhere: then there is nothing calm in the frame. */
  #doMove(blocks: readonly Block[]): boolean {
    const { width, height, lumas } = this.#grid;
    const calm = calmOf(blocks);
    const tried = calm.filter((_, index) => index % Math.ceil(calm.length / TRIED_BLOCKS) === 0);
    const found = tried.filter(({ column, row }) => {
      // Of twice the size, around the block.
      const place = { x: (column - 1) * CELL_PX, y: (row - 1) * CELL_PX };
      return isFoundElsewhere(lumas.now, lumas.before, { width, height }, place);
    });
    return 3 * found.length > tried.length;
  }

  #blocks(shifted: Float32Array): Block[] {
    const { columns, rows, sums } = this.#grid;
    const blocks: Block[] = [];
    for (let row = 0; row + BLOCK_CELLS <= rows; row += BLOCK_CELLS) {
      for (let column = 0; column + BLOCK_CELLS <= columns; column += BLOCK_CELLS) {
        let [pixels, luma, step, colour, second] = [0, 0, 0, 0, 0];
        for (let y = row; y < row + BLOCK_CELLS; y++) {
          for (let x = column; x < column + BLOCK_CELLS; x++) {
            const cell = y * columns + x;
            pixels += this.#grid.pixelsOf(cell);
            luma += sums.luma[cell]!;
            step += sums.step[cell]!;
            colour += sums.colourStep[cell]!;
            second += sums.secondStep[cell]!;
          }
        }
        const level = luma / (4 * pixels);
        // What a codec has repeated is silent, and so is what is cut off at black and white.
        if (step === 0 || shifted[row * columns + column]! > MOVES_SHARE) continue;
        if (level < DARKEST || level > BRIGHTEST) continue;
        blocks.push({ column, row, level, step: step / pixels, colour: colour / pixels, second: second / pixels });
      }
    }
    return blocks;
  }
}

const SILENCE: NoiseVariance = { luma: 0, colour: 0 };
const DARKEST = 3;
const BRIGHTEST = 252;

/** Mean squares over the pixels of a block. */
interface Block {
  /** Of its first cell. */
  readonly column: number;
  readonly row: number;
  readonly level: number;
  readonly step: number;
  readonly colour: number;
  readonly second: number;
}

/** null: they move, or there is none. */
function calmest(blocks: readonly Block[]): NoiseVariance | null {
  const calm = calmOf(blocks);
  if (calm.length === 0) return null;
  const mean = (key: 'step' | 'colour' | 'second') => calm.reduce((sum, block) => sum + block[key], 0) / calm.length;
  const [step, second] = [mean('step'), mean('second')];
  if (second > MOVES_RATIO * step) return null;
  // Two frames' noise is in a difference; luma counts fourfold.
  const most = (4 * LOUDEST) ** 2;
  return { luma: Math.min(most, (CALM_BIAS * second) / 2), colour: Math.min(most, (CALM_BIAS * mean('colour')) / 4) };
}

function calmOf(blocks: readonly Block[]): Block[] {
  const sorted = [...blocks].sort((a, b) => a.step + a.second - b.step - b.second);
  return sorted.slice(0, Math.ceil(CALMEST * sorted.length));
}

function follow(before: number, found: number): number {
  return before + (found < before ? FALL : RISE) * (found - before);
}
