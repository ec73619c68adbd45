import type { IndexTensor } from '../tensor.ts';

/**
 * Which offset of a table lies between each query and each key of a window: one number for each pair [queries * keys],
 * or, of large windows, for each row of keys that lie beside each other [queries * rows of keys] one of the runs that
 * recur [runs, keys of a row]. Pairs grow with the fourth power of the window's side; these with the third.
 */
export type PairIndex =
  | { readonly kind: 'pairs'; readonly offsets: IndexTensor }
  | { readonly kind: 'runs'; readonly runs: IndexTensor; readonly places: IndexTensor };

/** @param keyWidth how many keys lie beside each other; `keys` is a multiple of it */
export function pairIndex(
  queries: number,
  keys: number,
  keyWidth: number,
  indexOf: (query: number, key: number) => number,
): PairIndex {
  const offsets = new Int32Array(queries * keys);
  for (let query = 0; query < queries; query++) {
    for (let key = 0; key < keys; key++) offsets[query * keys + key] = indexOf(query, key);
  }
  return offsets.length > MOST_PAIRS
    ? inRuns(offsets, keyWidth)
    : { kind: 'pairs', offsets: { shape: [offsets.length], indices: offsets } };
}

/**
 * Swin's numbering of offsets: (dy + height - 1) * (2 width - 1) + dx + width - 1 for the offset from the key to the
 * query, queries first.
 * @param placesPerKey each key stands for so many places either way, and queries among them share an offset
 */
export function relativeIndex(height: number, width: number, placesPerKey = 1): PairIndex {
  const queryWidth = width * placesPerKey;
  return pairIndex(height * width * placesPerKey ** 2, height * width, width, (query, key) => {
    const dy = Math.floor(Math.floor(query / queryWidth) / placesPerKey) - Math.floor(key / width);
    const dx = Math.floor((query % queryWidth) / placesPerKey) - (key % width);
    return (dy + height - 1) * (2 * width - 1) + dx + width - 1;
  });
}

function inRuns(offsets: Int32Array<ArrayBuffer>, width: number): PairIndex {
  const known = new Map<string, number>();
  const runs: number[] = [];
  const places = new Int32Array(offsets.length / width);
  places.forEach((_, row) => {
    const run = offsets.subarray(row * width, (row + 1) * width);
    const name = run.join();
    const place = known.get(name) ?? known.size;
    if (place === known.size) runs.push(...run);
    known.set(name, place);
    places[row] = place;
  });
  return {
    kind: 'runs',
    runs: { shape: [known.size, width], indices: Int32Array.from(runs) },
    places: { shape: [places.length], indices: places },
  };
}

/** Of windows of 13x13 pixels; a matrix of six heads then has less than a megabyte. */
const MOST_PAIRS = 2 ** 15;
