// One picture of many, for the documents: cells in rows, with words above each.
import sharp from 'sharp';

const GAP = 6;
const LINE = 15;
const GROUND = '#f4f4f4';

/**
 * @param cells `lines` of words and an `image` (a file's bytes), made to fit into `side` pixels across and `tall` (a
 * square) down
 * @param path ends in .webp
 */
export async function drawSheet(path, cells, { columns, side, tall = side, quality = 82 }) {
  const head = LINE * Math.max(...cells.map(({ lines }) => lines.length)) + 3;
  const rows = Math.ceil(cells.length / columns);
  const size = { width: columns * (side + GAP) + GAP, height: rows * (tall + head + GAP) + GAP };
  const parts = [];
  for (const [index, { lines, image }] of cells.entries()) {
    const left = GAP + (index % columns) * (side + GAP);
    const top = GAP + Math.floor(index / columns) * (tall + head + GAP);
    parts.push({ input: words(lines, side, head), left, top });
    parts.push({
      input: await sharp(image).resize(side, tall, { fit: 'inside' }).png().toBuffer(),
      left,
      top: top + head,
    });
  }
  await sharp({ create: { ...size, channels: 3, background: GROUND } })
    .composite(parts)
    .webp({ quality, effort: 6 })
    .toFile(path);
}

function words(lines, width, height) {
  const texts = lines.map((line, at) => {
    const weight = at === 0 ? 'bold' : 'normal';
    return `<text x="1" y="${LINE * (at + 1) - 3}" font-size="11.5" font-weight="${weight}">${line}</text>`;
  });
  const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="DejaVu Sans, sans-serif">`;
  return Buffer.from(`${head}<g fill="#1c1c1c">${texts.join('')}</g></svg>`);
}
