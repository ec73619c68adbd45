import { refused } from '../import/refusal.ts';

/** One line of an ncnn .param file. */
export interface NcnnLayer {
  readonly type: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly settings: LayerSettings;
}

/** The `key=value` pairs of a layer, by number. */
class LayerSettings {
  readonly #values: ReadonlyMap<number, readonly number[]>;

  constructor(values: ReadonlyMap<number, readonly number[]>) {
    this.#values = values;
  }

  number(key: number, fallback: number): number {
    return this.#values.get(key)?.[0] ?? fallback;
  }

  array(key: number): readonly number[] {
    return this.#values.get(key) ?? [];
  }
}

/**
 * Reads the text of a .param file: magic, counts, one layer a line.
 * @throws UpreelError `model-refused`
 */
export function parseParam(text: string): NcnnLayer[] {
  if (text.length > MAX_PARAM_CHARACTERS) throw refused(`its .param has more than ${MAX_PARAM_CHARACTERS} characters.`);
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  if (lines[0]?.trim() !== MAGIC) throw refused(`its .param does not begin with ncnn's ${MAGIC}.`);
  const counts = (lines[1] ?? '').trim().split(/\s+/);
  const layers = lines.slice(2).map(parseLayer);
  if (counts.length !== 2 || wholeNumber(counts[0]) !== layers.length) {
    throw refused(`its .param announces ${counts[0]} layers and has ${layers.length}.`);
  }
  const blobs = layers.reduce((sum, layer) => sum + layer.outputs.length, 0);
  if (wholeNumber(counts[1]) !== blobs) throw refused(`its .param announces ${counts[1]} blobs and has ${blobs}.`);
  return layers;
}

const MAGIC = '7767517';
const MAX_PARAM_CHARACTERS = 4 * 1024 * 1024;

function parseLayer(line: string): NcnnLayer {
  const words = line.trim().split(/\s+/);
  const [type = '', name = ''] = words;
  const inputCount = wholeNumber(words[2]);
  const outputCount = wholeNumber(words[3]);
  const settingsStart = 4 + inputCount + outputCount;
  if (words.length < settingsStart) throw refused(`layer ${name} of its .param is cut off.`);
  return {
    type,
    name,
    inputs: words.slice(4, 4 + inputCount),
    outputs: words.slice(4 + inputCount, settingsStart),
    settings: parseSettings(words.slice(settingsStart), name),
  };
}

function parseSettings(words: readonly string[], layer: string): LayerSettings {
  const values = new Map<number, readonly number[]>();
  for (const word of words) {
    const match = /^(-?\d{1,6})=(.+)$/.exec(word);
    const numbers = (match?.[2] ?? '').split(',').map(Number);
    if (match === null || numbers.some((value) => !Number.isFinite(value))) {
      throw refused(`layer ${layer} of its .param has the setting "${word.slice(0, 40)}".`);
    }
    const key = Number(match[1]);
    // Arrays are written as -(23300 + key)=count,first,second...
    if (key > -23300) values.set(key, numbers);
    else if (numbers[0] === numbers.length - 1) values.set(-key - 23300, numbers.slice(1));
    else throw refused(`layer ${layer} of its .param announces ${numbers[0]} values and has ${numbers.length - 1}.`);
  }
  return new LayerSettings(values);
}

function wholeNumber(word: string | undefined): number {
  if (word === undefined || !/^\d{1,6}$/.test(word))
    throw refused(`its .param has "${word ?? ''}" where a count belongs.`);
  return Number(word);
}
