import { refused } from '../import/refusal.ts';
import type { Tensor } from '../tensor.ts';
import { areFinite } from './floats.ts';
import type { StoredTensor } from './stored-tensor.ts';

/** Named weights of a network. */
export class StateDict {
  readonly #tensors: ReadonlyMap<string, StoredTensor>;
  readonly #used = new Set<string>();
  readonly #names: ReadonlyMap<string, string>;

  /** `names` are those that the file gives to tensors that have been renamed. */
  constructor(tensors: ReadonlyMap<string, StoredTensor>, names: ReadonlyMap<string, string> = new Map()) {
    this.#tensors = tensors;
    this.#names = names;
  }

  get keys(): readonly string[] {
    return [...this.#tensors.keys()];
  }

  has(key: string): boolean {
    return this.#tensors.has(key);
  }

  /** What the file calls a tensor. */
  nameInFile(key: string): string {
    return this.#names.get(key) ?? key;
  }

  /** Dimensions of a tensor; undefined if there is none of that name. */
  shape(key: string): readonly number[] | undefined {
    return this.#tensors.get(key)?.shape;
  }

  /** Whether a tensor has floating-point elements. */
  holdsWeights(key: string): boolean {
    return this.#tensors.get(key)?.type.includes('float') === true;
  }

  /**
   * Decodes a tensor and remembers that it is part of the network.
   * @throws UpreelError `model-refused` if it is missing, has another number of dimensions or values not finite
   */
  tensor(key: string, dimensions: number): Tensor {
    const stored = this.#tensors.get(key);
    if (stored === undefined) throw refused(`it has no ${key}, which its other weights call for.`);
    if (!stored.type.includes('float')) throw refused('a tensor of whole numbers stands where weights belong.');
    if (stored.shape.length !== dimensions || stored.shape.includes(0)) {
      throw refused(`${key} has the shape [${stored.shape}], not ${dimensions} dimensions.`);
    }
    this.#used.add(key);
    const tensor = stored.read();
    if (!areFinite(tensor.data)) throw refused(`the weights of ${key} are not all finite numbers.`);
    return tensor;
  }

  /** As `tensor`, of whole numbers. */
  indices(key: string, dimensions: number): Tensor {
    const stored = this.#tensors.get(key);
    if (stored?.type !== 'int64' || stored.shape.length !== dimensions || stored.shape.includes(0)) {
      throw refused(`it has no ${key} of ${dimensions} dimensions of whole numbers.`);
    }
    this.#used.add(key);
    return stored.read();
  }

  /** Numbers of 0 to 255 that say how a network is built, or undefined if there are none of that name. */
  settings(key: string): readonly number[] | undefined {
    const stored = this.#tensors.get(key);
    if (stored?.type !== 'int8') return undefined;
    this.#used.add(key);
    return [...stored.read().data];
  }

  /** As `tensor`, or null if there is none of that name. */
  optional(key: string, dimensions: number): Tensor | null {
    return this.has(key) ? this.tensor(key, dimensions) : null;
  }

  /** Says that a key belongs to the network although its values are of no use. */
  ignore(key: string): void {
    this.#used.add(key);
  }

  /** Keys that no layer asked for: parts of a network that is not the one it looked like. */
  get unused(): readonly string[] {
    return this.keys.filter((key) => !this.#used.has(key));
  }

  /** The same tensors under other names; keys for which `rename` gives undefined keep theirs. */
  renamed(rename: (key: string) => string | undefined): StateDict {
    const renamed = new Map<string, StoredTensor>();
    const names = new Map<string, string>();
    for (const [key, stored] of this.#tensors) {
      const name = rename(key) ?? key;
      if (renamed.has(name)) throw refused(`it has two tensors for ${name}.`);
      renamed.set(name, stored);
      names.set(name, this.nameInFile(key));
    }
    return new StateDict(renamed, names);
  }
}
