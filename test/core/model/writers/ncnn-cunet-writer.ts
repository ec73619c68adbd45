import type { Weights } from '../../../support/reference-evaluator.ts';
import { type NcnnFiles, NcnnWriter } from './ncnn-writer.ts';
import { RandomLayers } from './random-networks.ts';

/** Both generations of converters: waifu2x's (Crop by another value's size, Scale, Eltwise) and Real-CUGAN's. */
export type CunetDialect = 'waifu2x' | 'real-cugan';

export function randomCunet(width: number, isX4: boolean, seed: number): Weights {
  const layers = new RandomLayers(seed);
  const [wide, made] = [2 * width, isX4 ? 8 : 3];
  const weighting = (name: string, channels: number) => {
    layers.conv(`${name}.0`, 2, channels, 1);
    layers.conv(`${name}.1`, channels, 2, 1);
  };
  for (const [name, input] of [
    ['one', 3],
    ['two', made],
  ] as const) {
    layers.conv(`${name}.a`, width, input);
    layers.conv(`${name}.b`, wide, width);
    layers.conv(`${name}.down1`, wide, wide, 2);
    layers.conv(`${name}.c`, wide, wide);
    layers.conv(`${name}.d`, wide, wide);
    weighting(`${name}.se1`, wide);
    layers.conv(`${name}.up1`, wide, wide, 2, true, 2);
    layers.conv(`${name}.e`, wide, wide);
    if (name === 'one') layers.conv('one.end', made, wide, 4, true, 2);
  }
  layers.conv('two.down2', wide, wide, 2);
  layers.conv('two.f', wide, wide);
  weighting('two.se2', wide);
  layers.conv('two.up2', wide, wide, 2, true, 2);
  layers.conv('two.g', wide, wide);
  layers.conv('two.h', wide, wide);
  weighting('two.se3', wide);
  layers.conv('two.i', wide, wide);
  layers.conv('two.end', made, wide);
  if (isX4) layers.conv('last', 12, made);
  return layers.weights;
}

export function writeNcnnCunet(weights: Weights, dialect: CunetDialect): NcnnFiles {
  const net = new CunetWriter(weights, dialect);
  const first = net.half('one', 'data', 'shallow');
  const second = net.half('two', first, 'deep');
  const sum = net.add(net.crop(first, second, 20), second);
  if (weights.has('last.weight')) {
    net.writer.one('PixelShuffle', [net.crop(net.conv('last', sum, ''), '', 1)], '0=2');
  }
  return net.writer.finish();
}

class CunetWriter {
  readonly writer = new NcnnWriter(false);
  readonly #weights: Weights;
  readonly #dialect: CunetDialect;

  constructor(weights: Weights, dialect: CunetDialect) {
    this.#weights = weights;
    this.#dialect = dialect;
  }

  half(name: string, input: string, depth: 'shallow' | 'deep'): string {
    const conv = (layer: string, value: string, stride = 1) => this.conv(`${name}.${layer}`, value, LEAKY, stride);
    const up = (layer: string, value: string) => this.deconv(`${name}.${layer}`, value, `3=2 ${LEAKY}`);
    const wide = conv('b', conv('a', input));
    const inner = this.weighted(`${name}.se1`, conv('d', conv('c', conv('down1', wide, 2))));
    if (depth === 'shallow') {
      const upper = up('up1', inner);
      return this.deconv(`${name}.end`, conv('e', this.add(this.crop(wide, upper, 4), upper)), '3=2 4=3');
    }
    const middle = up('up2', this.weighted(`${name}.se2`, conv('f', conv('e', conv('down2', inner, 2)))));
    const joined = this.add(this.crop(inner, middle, 4), middle);
    const upper = up('up1', this.weighted(`${name}.se3`, conv('h', conv('g', joined))));
    return this.conv(`${name}.end`, conv('i', this.add(this.crop(wide, upper, 16), upper)), '');
  }

  weighted(name: string, input: string): string {
    const mean = this.writer.one('Pooling', [input], '0=1 4=1');
    const factors = this.#dense(`${name}.1`, this.#dense(`${name}.0`, mean, '9=1'), '9=4');
    const [type, settings] = this.#dialect === 'waifu2x' ? ['Scale', '0=-233'] : ['BinaryOp', '0=2'];
    return this.writer.one(type!, [input, factors], settings!);
  }

  crop(input: string, reference: string, margin: number): string {
    if (this.#dialect === 'waifu2x' && reference !== '') {
      return this.writer.one('Crop', [input, reference], `0=${margin} 1=${margin}`);
    }
    const cut = `-23309=2,${margin},${margin} -23310=2,-${margin},-${margin} -23311=2,-2,-1`;
    return this.writer.one('Crop', [input], cut);
  }

  add(a: string, b: string): string {
    return this.#dialect === 'waifu2x'
      ? this.writer.one('Eltwise', [a, b], '0=1')
      : this.writer.one('BinaryOp', [a, b], '');
  }

  conv(name: string, input: string, activation: string, stride = 1): string {
    return this.#layer('Convolution', name, input, `3=${stride} ${activation}`);
  }

  deconv(name: string, input: string, settings: string): string {
    return this.#layer('Deconvolution', name, input, settings);
  }

  #layer(type: string, name: string, input: string, settings: string): string {
    const [weight, bias] = [this.#weights.get(`${name}.weight`)!, this.#weights.get(`${name}.bias`)!];
    const [out, , kernel] = weight.shape;
    const made = this.writer.one(type, [input], `0=${out} 1=${kernel} 5=1 6=${weight.data.length} ${settings}`);
    this.writer.tagged(weight.data);
    this.writer.plain(bias.data);
    return made;
  }

  #dense(name: string, input: string, activation: string): string {
    const [weight, bias] = [this.#weights.get(`${name}.weight`)!, this.#weights.get(`${name}.bias`)!];
    const made = this.writer.one(
      'InnerProduct',
      [input],
      `0=${weight.shape[0]} 1=1 2=${weight.data.length} ${activation}`,
    );
    this.writer.tagged(weight.data);
    this.writer.plain(bias.data);
    return made;
  }
}

const LEAKY = '9=2 -23310=1,1.000000e-01';
