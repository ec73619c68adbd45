import { resize, textPixels, writePlainPng } from '../core/codec/index.ts';
import type { Rect, Size } from '../core/pixels/geometry.ts';
import { makeRaster, type Raster } from '../core/pixels/raster.ts';
import { pasteInto } from '../core/pixels/rows.ts';
import { CAPTION_HEIGHT, planRow, rowWidth, type SheetRow } from './sheet-plan.ts';
import type { ShownPicture } from './write-tiles.ts';

/** How many times as large differences are drawn. */
export const SHEET_GAIN = 4;

interface Cell {
  readonly small: Raster;
  readonly lines: readonly string[];
}

/** One picture of many: what was compared in rows, to be looked at or sent. It keeps small copies, not the pictures. */
export class Sheet {
  readonly #rows: { readonly plan: SheetRow; readonly cells: Cell[] }[] = [];
  #bottom = 0;

  /** Begins a row. */
  addScene(size: Size, count: number): void {
    const plan = planRow(size, count, this.#bottom);
    this.#bottom = plan.bottom;
    this.#rows.push({ plan, cells: [] });
  }

  /** The next picture of the row; the first one is what the others differ from. */
  async addPicture({ colour, alpha }: ShownPicture, lines: readonly string[]): Promise<void> {
    const row = this.#rows.at(-1)!;
    const size = row.plan.pictures[0]!;
    const small = await resize(colour, size);
    const seen = alpha === null ? null : await resize(alpha, size);
    row.cells.push({ small: onGray(small, seen), lines });
  }

  /** @throws UpreelError `output-exists`, `output-unwritable`, `disk-full`. */
  async write(path: string, overwrite: boolean): Promise<{ readonly bytes: number }> {
    const width = Math.max(...this.#rows.map(({ plan }) => rowWidth(plan)));
    const sheet = makeRaster(width, this.#bottom, { channels: 3, bytesPerSample: 1 });
    sheet.data.fill(GROUND);
    for (const { plan, cells } of this.#rows) {
      for (const [index, { small, lines }] of cells.entries()) {
        paste(sheet, small, plan.pictures[index]!);
        for (const [line, text] of lines.entries()) {
          const place = plan.captions[index]!;
          await write(sheet, text, { ...place, y: place.y + line * CAPTION_HEIGHT });
        }
        if (index > 0) paste(sheet, differenceOf(cells[0]!.small, small), plan.differences[index]!);
      }
      if (cells.length > 1) {
        const place = plan.differences[0]!;
        await write(sheet, `difference × ${SHEET_GAIN}`, { ...place, width: place.width, height: CAPTION_HEIGHT });
      }
    }
    return writePlainPng(path, sheet, overwrite);
  }
}

const GROUND = 0xf4;
const INK = 0x1c;
/** What shows through. */
const BEHIND = 0xc0;

function onGray(colour: Raster, alpha: Raster | null): Raster {
  const { width, height, channels } = colour;
  const flat = makeRaster(width, height, { channels: 3, bytesPerSample: 1 });
  for (let at = 0; at < flat.data.length; at++) {
    const pixel = Math.floor(at / 3);
    const level = colour.data[channels === 3 ? at : pixel]!;
    const opacity = alpha === null ? 255 : alpha.data[pixel]!;
    flat.data[at] = Math.round((level * opacity + BEHIND * (255 - opacity)) / 255);
  }
  return flat;
}

function differenceOf(a: Raster, b: Raster): Raster {
  return { ...a, data: a.data.map((level, at) => Math.min(255, Math.abs(level - b.data[at]!) * SHEET_GAIN)) };
}

function paste(sheet: Raster, picture: Raster, place: Rect): void {
  pasteInto(sheet, place, picture, { x: 0, y: 0, width: picture.width, height: picture.height });
}

async function write(sheet: Raster, text: string, place: Rect): Promise<void> {
  const { width, height, data } = await textPixels(text, CAPTION_HEIGHT, place.width);
  const lower = Math.max(0, Math.floor((CAPTION_HEIGHT - height) / 2));
  for (let y = 0; y < Math.min(height, CAPTION_HEIGHT); y++) {
    for (let x = 0; x < width; x++) {
      const level = Math.round(GROUND + ((INK - GROUND) * data[y * width + x]!) / 255);
      sheet.data.fill(
        level,
        ((place.y + lower + y) * sheet.width + place.x + x) * 3,
        ((place.y + lower + y) * sheet.width + place.x + x) * 3 + 3,
      );
    }
  }
}
