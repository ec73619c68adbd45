import { refused } from '../import/refusal.ts';
import { elementCount, type Tensor, tensor } from '../tensor.ts';
import { PickleGlobal, type PickleMeaning } from './pickle.ts';
import {
  bytesPerElement,
  checkedShape,
  decodeElements,
  type ElementType,
  type StoredTensor,
  wholeNumbers,
} from './stored-tensor.ts';

/** Raw elements that tensors are views of. */
export interface Storage {
  readonly type: ElementType;
  readonly count: number;
  /**
   * All `count` elements, of which the caller decodes `wanted`.
   * @throws UpreelError `model-refused` if the file has another number, or if they are decoded again and again
   */
  bytes(wanted: number): Uint8Array;
}

/** Finds the raw bytes of a storage by its key. */
export type StorageSource = (key: string) => Uint8Array;

/** The few things that a state dict needs of torch. Anything else in a pickle is refused by name. */
export class TorchObjects implements PickleMeaning {
  readonly #source: StorageSource;
  readonly #storages = new Map<string, TorchStorage>();
  #pairs = 0;

  constructor(source: StorageSource) {
    this.#source = source;
  }

  /** Storages referred to, in the order of the pickle. */
  get storages(): ReadonlyMap<string, Storage> {
    return this.#storages;
  }

  call(name: string, args: readonly unknown[]): unknown {
    switch (name) {
      case 'collections.OrderedDict':
        return this.#orderedDict(args);
      case 'torch._utils._rebuild_tensor_v2':
      case 'torch._utils._rebuild_tensor':
        return rebuildTensor(args);
      case 'torch._utils._rebuild_parameter':
        return args[0];
      case 'torch.Size':
        return args[0];
      default:
        throw refused(`its pickle calls ${printable(name)}, which no checkpoint needs.`);
    }
  }

  /** Empty as a rule; Python 2 gave the pairs as an argument. */
  #orderedDict(args: readonly unknown[]): Map<unknown, unknown> {
    const [pairs = []] = args;
    if (!Array.isArray(pairs) || !pairs.every((pair) => Array.isArray(pair) && pair.length === 2)) {
      throw refused('its pickle makes a dictionary of something that is not pairs.');
    }
    this.#pairs += pairs.length;
    if (this.#pairs > MAX_PAIRS) throw refused(`its pickle makes dictionaries of more than ${MAX_PAIRS} pairs.`);
    return new Map(pairs as [unknown, unknown][]);
  }

  resolve(id: unknown): unknown {
    if (!Array.isArray(id) || id[0] !== 'storage' || !(id[1] instanceof PickleGlobal)) {
      throw refused('its pickle refers to something other than the storage of a tensor.');
    }
    const type = STORAGE_TYPES[id[1].name];
    const [, , key, , count] = id;
    if (type === undefined) throw refused(`its pickle refers to ${printable(id[1].name)}, which is no storage.`);
    if (typeof key !== 'string' || typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0) {
      throw refused('its pickle refers to a storage without a key and a length.');
    }
    if (id[5] !== undefined && id[5] !== null) throw refused('its storages are views of others.');
    const known = this.#storages.get(key);
    if (known !== undefined) {
      if (known.type !== type || known.count !== count)
        throw refused(`its storage ${printable(key)} is described twice.`);
      return known;
    }
    const storage = new TorchStorage(type, count, () => this.#source(key));
    this.#storages.set(key, storage);
    return storage;
  }
}

/** One list may be made into a dictionary any number of times. */
const MAX_PAIRS = 200_000;

const STORAGE_TYPES: Readonly<Record<string, ElementType>> = Object.assign(Object.create(null), {
  'torch.FloatStorage': 'float32',
  'torch.HalfStorage': 'float16',
  'torch.BFloat16Storage': 'bfloat16',
  'torch.DoubleStorage': 'float64',
  'torch.LongStorage': 'int64',
  'torch.IntStorage': 'int32',
  'torch.ShortStorage': 'int16',
  'torch.CharStorage': 'int8',
  'torch.ByteStorage': 'int8',
  'torch.BoolStorage': 'int8',
});

class TorchStorage implements Storage {
  readonly type: ElementType;
  readonly count: number;
  readonly #read: () => Uint8Array;
  #bytes: Uint8Array | undefined;
  #decoded = 0;

  constructor(type: ElementType, count: number, read: () => Uint8Array) {
    this.type = type;
    this.count = count;
    this.#read = read;
  }

  /** Kept once read: tensors may share a storage, and unpacking it for each would let a small file cost hours. */
  bytes(wanted: number): Uint8Array {
    this.#decoded += wanted;
    if (this.#decoded > this.count * MAX_DECODINGS) throw refused('too many of its tensors share one storage.');
    this.#bytes ??= this.#read();
    if (this.#bytes.length !== this.count * bytesPerElement(this.type)) {
      throw refused(`a storage of ${this.count} elements has ${this.#bytes.length} bytes.`);
    }
    return this.#bytes;
  }
}

/** Tied weights are decoded twice; a thousand tensors on one storage are a way to make gigabytes of a small file. */
const MAX_DECODINGS = 4;

/** A tensor of a checkpoint: a strided view of a storage. */
export class TorchTensor implements StoredTensor {
  readonly shape: readonly number[];
  readonly type: ElementType;
  readonly #storage: Storage;
  readonly #offset: number;
  readonly #strides: readonly number[];

  constructor(storage: Storage, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.#storage = storage;
    this.#offset = offset;
    this.#strides = strides;
    this.shape = shape;
    this.type = storage.type;
  }

  read(): Tensor {
    const count = elementCount(this.shape);
    if (this.#isContiguous()) {
      const own = this.#storage.bytes(count).subarray(this.#offset * bytesPerElement(this.type));
      return tensor(this.shape, decodeElements(own, this.type, count));
    }
    const values = decodeElements(this.#storage.bytes(this.#storage.count), this.type, this.#storage.count);
    return tensor(
      this.shape,
      Float32Array.from({ length: count }, (_, index) => values[this.#positionOf(index)] ?? 0),
    );
  }

  #isContiguous(): boolean {
    let expected = 1;
    for (let axis = this.shape.length - 1; axis >= 0; axis--) {
      const size = this.shape[axis] ?? 1;
      if (size !== 1 && this.#strides[axis] !== expected) return false;
      expected *= size;
    }
    return true;
  }

  #positionOf(index: number): number {
    let rest = index;
    let position = this.#offset;
    for (let axis = this.shape.length - 1; axis >= 0; axis--) {
      const size = this.shape[axis] ?? 1;
      position += (rest % size) * (this.#strides[axis] ?? 0);
      rest = Math.floor(rest / size);
    }
    return position;
  }
}

function rebuildTensor(args: readonly unknown[]): TorchTensor {
  const [storage, offset, size, strides] = args;
  if (!(storage instanceof TorchStorage) || !Array.isArray(size) || !Array.isArray(strides)) {
    throw refused('its pickle makes a tensor of something that is not one.');
  }
  if (strides.length !== size.length) throw refused('its pickle makes a tensor with too many strides or too few.');
  const shape = checkedShape(size, 'a tensor');
  const steps = wholeNumbers(strides, 'the strides of a tensor');
  if (typeof offset !== 'number' || !Number.isSafeInteger(offset) || offset < 0) {
    throw refused('its pickle makes a tensor that begins before its storage.');
  }
  const last = shape.reduce((sum, length, axis) => sum + (length - 1) * (steps[axis] ?? 0), offset);
  const count = elementCount(shape);
  // More elements than the storage has would be one value repeated: a way to make gigabytes of a small file.
  if (count > 0 && (last >= storage.count || count > storage.count)) {
    throw refused(`a tensor of shape [${shape}] reaches beyond its storage of ${storage.count} elements.`);
  }
  return new TorchTensor(storage, offset, shape, steps);
}

function printable(name: string): string {
  return JSON.stringify(name.slice(0, 80));
}
