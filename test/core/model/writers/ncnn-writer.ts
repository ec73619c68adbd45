import type { Weight, Weights } from '../../../support/reference-evaluator.ts';
import { encodeElements } from './element-bytes.ts';

export interface NcnnFiles {
  readonly param: string;
  readonly bin: Buffer;
}

/** Writes ncnn networks by the layer; blobs are named by number, a blob read twice goes through a Split. */
export class NcnnWriter {
  readonly #lines: string[] = [];
  readonly #bin: Buffer[] = [];
  readonly #half: boolean;
  #blobs = 0;

  constructor(half: boolean) {
    this.#half = half;
    this.#lines.push('Input in 0 1 data');
    this.#blobs = 1;
  }

  layer(type: string, inputs: readonly string[], settings: string, outputs = 1): string[] {
    const made = Array.from({ length: outputs }, (_, index) => `b${this.#blobs + index}`);
    this.#blobs += outputs;
    const name = `l${this.#lines.length}`;
    this.#lines.push([type, name, inputs.length, outputs, ...inputs, ...made, settings].join(' '));
    return made;
  }

  one(type: string, inputs: readonly string[], settings: string): string {
    return this.layer(type, inputs, settings)[0]!;
  }

  conv(input: string, weight: Weight, bias: Weight, activation = ''): string {
    const [out = 0, , kernel = 0] = weight.shape;
    const settings = `0=${out} 1=${kernel} 4=${(kernel - 1) / 2} 5=1 6=${weight.data.length} ${activation}`;
    const made = this.one('Convolution', [input], settings);
    this.tagged(weight.data);
    this.plain(bias.data);
    return made;
  }

  /** A constant: its blob, by default with a number for each channel. */
  memory(data: Float32Array, shape = `0=1 1=1 2=${data.length}`): string {
    this.plain(data);
    return this.one('MemoryData', [], shape);
  }

  tagged(data: Float32Array): void {
    const tag = Buffer.alloc(4);
    tag.writeUInt32LE(this.#half ? 0x01306b47 : 0);
    const values = encodeElements(data, this.#half ? 'float16' : 'float32');
    this.#bin.push(tag, Buffer.from(values), Buffer.alloc((4 - (values.length % 4)) % 4));
  }

  plain(data: Float32Array): void {
    this.#bin.push(Buffer.from(encodeElements(data, 'float32')));
  }

  finish(): NcnnFiles {
    const param = ['7767517', `${this.#lines.length} ${this.#blobs}`, ...this.#lines, ''].join('\n');
    return { param, bin: Buffer.concat(this.#bin) };
  }
}

/** SRVGGNetCompact as its converters write it; `tail` is appended, as in animevideov3-x2. */
export function writeNcnnCompact(weights: Weights, scale: number, half: boolean, tail?: string): NcnnFiles {
  const writer = new NcnnWriter(half);
  const [base = '', first = ''] = writer.layer('Split', ['data'], '', 2);
  let blob = first;
  for (let index = 0; weights.has(`body.${index}.weight`); index++) {
    const weight = weights.get(`body.${index}.weight`)!;
    if (index % 2 === 0) {
      blob = writer.conv(blob, weight, weights.get(`body.${index}.bias`)!);
    } else {
      blob = writer.one('PReLU', [blob], `0=${weight.data.length}`);
      writer.plain(weight.data);
    }
  }
  blob = writer.one('PixelShuffle', [blob], `0=${scale}`);
  const enlarged = writer.one('Interp', [base], `0=1 1=${scale}.000000e+00 2=${scale}.000000e+00`);
  blob = writer.one('BinaryOp', [blob, enlarged], '');
  if (tail !== undefined) writer.one('Interp', [blob], tail);
  return writer.finish();
}

/** RRDBNet as its converters write it: fused activations, Eltwise with coefficients. */
export function writeNcnnRrdb(weights: Weights, half: boolean): NcnnFiles {
  const writer = new NcnnWriter(half);
  const conv = (input: string, name: string, activated: boolean) =>
    writer.conv(
      input,
      weights.get(`${name}.weight`)!,
      weights.get(`${name}.bias`)!,
      activated ? '9=2 -23310=1,2.000000e-01' : '',
    );
  const residual = (branch: string, trunk: string) =>
    writer.one('Eltwise', [branch, trunk], '0=1 -23301=2,2.000000e-01,1.000000e+00');
  const first = conv('data', 'conv_first', false);
  let blob = first;
  for (let block = 0; weights.has(`body.${block}.rdb1.conv1.weight`); block++) {
    const before = blob;
    for (const rdb of ['rdb1', 'rdb2', 'rdb3']) {
      const values = [blob];
      for (let index = 1; index <= 5; index++) {
        const input = index === 1 ? blob : writer.one('Concat', values, '0=0');
        const made = conv(input, `body.${block}.${rdb}.conv${index}`, index < 5);
        if (index < 5) values.push(made);
        else blob = residual(made, blob);
      }
    }
    blob = residual(blob, before);
  }
  blob = writer.one('BinaryOp', [first, conv(blob, 'conv_body', false)], '0=0');
  for (let up = 1; weights.has(`conv_up${up}.weight`); up++) {
    blob = conv(writer.one('Interp', [blob], '0=1 1=2.000000e+00 2=2.000000e+00'), `conv_up${up}`, true);
  }
  conv(conv(blob, 'conv_hr', true), 'conv_last', false);
  return writer.finish();
}
