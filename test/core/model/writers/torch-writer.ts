import type { Weight, Weights } from '../../../support/reference-evaluator.ts';
import { encodeElements, type WrittenType } from './element-bytes.ts';
import { writeZip, type ZipOptions } from './zip-writer.ts';

export interface TorchOptions extends ZipOptions {
  /** Key around the weights, such as "params_ema". */
  readonly wrapper?: string;
  /** Before every key, such as "module.". */
  readonly prefix?: string;
  readonly type?: WrittenType;
  /** Stores tensors transposed, as views with swapped strides. */
  readonly transposed?: boolean;
}

const STORAGES: Record<WrittenType, string> = {
  float32: 'FloatStorage',
  float16: 'HalfStorage',
  bfloat16: 'BFloat16Storage',
  float64: 'DoubleStorage',
};

/** What torch.save writes (zip format), for a state dict. */
export function writeTorchZip(weights: Weights, options: TorchOptions = {}): Buffer {
  const { type = 'float32' } = options;
  const entries = [{ name: 'archive/data.pkl', content: pickleStateDict(weights, options) }];
  entries.push({ name: 'archive/byteorder', content: Buffer.from('little') });
  let index = 0;
  for (const weight of weights.values()) {
    entries.push({
      name: `archive/data/${index++}`,
      content: Buffer.from(encodeElements(storedOrder(weight, options), type)),
    });
  }
  entries.push({ name: 'archive/version', content: Buffer.from('3\n') });
  return writeZip(entries, options);
}

/** What torch.save wrote before version 1.6. */
export function writeTorchLegacy(weights: Weights, options: TorchOptions = {}): Buffer {
  const { type = 'float32' } = options;
  const writer = (write: (pickle: PickleWriter) => void) => {
    const pickle = new PickleWriter();
    write(pickle);
    return pickle.finish();
  };
  const pieces = [
    writer((pickle) => pickle.raw([0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19])),
    writer((pickle) => pickle.number(1001)),
    writer((pickle) => {
      pickle.raw('}(').text('protocol_version').number(1001).text('little_endian').raw([0x88]);
      pickle
        .text('type_sizes')
        .raw('}(')
        .text('short')
        .number(2)
        .text('int')
        .number(4)
        .text('long')
        .number(4)
        .raw('uu');
    }),
    pickleStateDict(weights, options),
    writer((pickle) => {
      pickle.raw('](');
      [...weights.keys()].forEach((_, index) => void pickle.text(`${index}`));
      pickle.raw('e');
    }),
  ];
  for (const weight of weights.values()) {
    const count = Buffer.alloc(8);
    count.writeBigInt64LE(BigInt(weight.data.length));
    pieces.push(count, Buffer.from(encodeElements(storedOrder(weight, options), type)));
  }
  return Buffer.concat(pieces);
}

function pickleStateDict(
  weights: Weights,
  { wrapper, prefix = '', type = 'float32', transposed = false }: TorchOptions,
): Buffer {
  const pickle = new PickleWriter();
  if (wrapper !== undefined) pickle.raw('}').text(wrapper);
  pickle.global('collections', 'OrderedDict').raw(')R(');
  let index = 0;
  for (const [key, weight] of weights) {
    pickle
      .text(prefix + key)
      .global('torch._utils', '_rebuild_tensor_v2')
      .raw('((')
      .text('storage');
    pickle
      .global('torch', STORAGES[type])
      .text(`${index++}`)
      .text('cpu')
      .number(weight.data.length)
      .raw('tQ')
      .number(0);
    pickle.tuple(weight.shape).tuple(stridesOf(weight.shape, transposed && weight.shape.length > 1));
    pickle.raw([0x89]).global('collections', 'OrderedDict').raw(')RtR');
  }
  pickle.raw('u');
  // torch hangs the modules' versions on the dictionary.
  pickle.raw('}').text('_metadata').global('collections', 'OrderedDict').raw(')Rsb');
  if (wrapper !== undefined) pickle.raw('s');
  return pickle.finish();
}

function stridesOf(shape: readonly number[], reversed: boolean): readonly number[] {
  const axes = shape.map((_, axis) => axis);
  const strides: number[] = [];
  let step = 1;
  for (const axis of reversed ? axes : axes.reverse()) {
    strides[axis] = step;
    step *= shape[axis]!;
  }
  return strides;
}

function storedOrder(weight: Weight, { transposed = false }: TorchOptions): Float32Array {
  if (!transposed || weight.shape.length < 2) return weight.data;
  const strides = stridesOf(weight.shape, true);
  const stored = new Float32Array(weight.data.length);
  weight.data.forEach((value, index) => {
    let rest = index;
    let position = 0;
    for (let axis = weight.shape.length - 1; axis >= 0; axis--) {
      position += (rest % weight.shape[axis]!) * strides[axis]!;
      rest = Math.floor(rest / weight.shape[axis]!);
    }
    stored[position] = value;
  });
  return stored;
}

/** Protocol 2, without a memo. */
export class PickleWriter {
  readonly #pieces: Buffer[] = [Buffer.from([0x80, 2])];

  raw(bytes: string | readonly number[]): this {
    this.#pieces.push(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes));
    return this;
  }

  text(value: string): this {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(Buffer.byteLength(value));
    return this.raw('X')
      .raw([...length])
      .raw([...Buffer.from(value)]);
  }

  number(value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value);
    return this.raw('J').raw([...bytes]);
  }

  tuple(values: readonly number[]): this {
    this.raw('(');
    for (const value of values) this.number(value);
    return this.raw('t');
  }

  global(module: string, name: string): this {
    return this.raw(`c${module}\n${name}\n`);
  }

  finish(): Buffer {
    return Buffer.concat([...this.#pieces, Buffer.from('.')]);
  }
}
