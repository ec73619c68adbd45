import { areFinite, decodeFloat16 } from '../checkpoint/floats.ts';
import { refused, unsupported } from '../import/refusal.ts';

/**
 * Reads an ncnn .bin from front to back, in the order of the .param's layers.
 * The file has no index: only the layers say how long each piece is.
 */
export class WeightReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Weights of a layer: a tag that names their type, then the values. */
  tagged(count: number, layer: string): Float32Array<ArrayBuffer> {
    this.#demand(4, layer);
    const tag = this.#view.getUint32(this.#position, true);
    this.#position += 4;
    switch (tag) {
      case FLOAT32_TAG:
      case FLOAT32_TAG_OF_OLD:
        return this.plain(count, layer);
      case FLOAT16_TAG:
        return this.#halves(count, layer);
      case INT8_TAG:
        throw unsupported(`The ncnn model has int8 weights (layer ${layer}), which upreel does not read.`);
      default:
        throw refused(`the weights of layer ${layer} begin with the unknown tag 0x${tag.toString(16)}.`);
    }
  }

  /** Biases, slopes and the like: bare float32. */
  plain(count: number, layer: string): Float32Array<ArrayBuffer> {
    this.#demand(count * 4, layer);
    const values = new Float32Array(count);
    for (let i = 0; i < count; i++) values[i] = this.#view.getFloat32(this.#position + 4 * i, true);
    this.#position += count * 4;
    return finite(values, layer);
  }

  /** @throws UpreelError `model-refused` if bytes are left over: then .param and .bin are not of one network. */
  finish(): void {
    const left = this.#view.byteLength - this.#position;
    if (left !== 0) throw refused(`its .bin has ${left} bytes more than its .param names.`);
  }

  #halves(count: number, layer: string): Float32Array<ArrayBuffer> {
    const length = Math.ceil((count * 2) / 4) * 4;
    this.#demand(length, layer);
    const values = decodeFloat16(this.#bytes.subarray(this.#position), count);
    this.#position += length;
    return finite(values, layer);
  }

  #demand(bytes: number, layer: string): void {
    const left = this.#view.byteLength - this.#position;
    if (!Number.isSafeInteger(bytes) || bytes < 0 || bytes > left) {
      throw refused(`its .bin ends inside layer ${layer}: ${bytes} bytes wanted, ${left} left.`);
    }
  }
}

const FLOAT32_TAG = 0;
const FLOAT32_TAG_OF_OLD = 0x0002c056;
const FLOAT16_TAG = 0x01306b47;
const INT8_TAG = 0x000d4b38;

function finite(values: Float32Array<ArrayBuffer>, layer: string): Float32Array<ArrayBuffer> {
  if (areFinite(values)) return values;
  throw refused(`the weights of layer ${layer} are not all finite numbers.`);
}
