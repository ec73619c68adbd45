import {
  at,
  crop,
  fill,
  leakyRelu,
  map,
  nearest,
  type Planes,
  pixelShuffle,
  planes,
  type Weights,
} from './reference-evaluator.ts';

/**
 * CUNet in float64, from its definition: two U-shaped halves of convolutions without padding, whose channels are
 * weighted by means over the whole picture; around the picture its border is repeated.
 */
export function evaluateCunet(weights: Weights, picture: Planes, { isX4 = false, border = 18 } = {}): Planes {
  const net = new Cunet(weights);
  const first = net.half('one', replicate(picture, border), 'shallow');
  const second = net.half('two', first, 'deep');
  const sum = addInside(crop(first, 20), second);
  if (!isX4) return sum;
  const made = pixelShuffle(crop(net.conv('last', sum), 1), 2);
  return addInside(made, nearest(picture, 4));
}

class Cunet {
  readonly #weights: Weights;

  constructor(weights: Weights) {
    this.#weights = weights;
  }

  half(name: string, x: Planes, depth: 'shallow' | 'deep'): Planes {
    const lrelu = (layer: string, value: Planes, stride = 1) =>
      leakyRelu(this.conv(`${name}.${layer}`, value, stride), 0.1);
    const up = (layer: string, value: Planes) => leakyRelu(this.deconv(`${name}.${layer}`, value, 2, 0), 0.1);
    const wide = lrelu('b', lrelu('a', x));
    const inner = this.weighted(`${name}.se1`, lrelu('d', lrelu('c', lrelu('down1', wide, 2))));
    if (depth === 'shallow') {
      const joined = addInside(crop(wide, 4), up('up1', inner));
      return this.deconv(`${name}.end`, lrelu('e', joined), 2, 3);
    }
    const deepest = this.weighted(`${name}.se2`, lrelu('f', lrelu('e', lrelu('down2', inner, 2))));
    const middle = addInside(crop(inner, 4), up('up2', deepest));
    const outer = this.weighted(`${name}.se3`, lrelu('h', lrelu('g', middle)));
    const joined = addInside(crop(wide, 16), up('up1', outer));
    return this.conv(`${name}.end`, lrelu('i', joined));
  }

  /** Channels times the sigmoid of two dense layers of their means. */
  weighted(name: string, x: Planes): Planes {
    const area = x.height * x.width;
    const means = Array.from(
      { length: x.channels },
      (_, c) => x.data.slice(c * area, (c + 1) * area).reduce((a, b) => a + b, 0) / area,
    );
    const dense = (layer: string, input: number[]) => {
      const [weight, bias] = [this.#weights.get(`${layer}.weight`)!, this.#weights.get(`${layer}.bias`)!];
      return Array.from({ length: weight.shape[0]! }, (_, o) =>
        input.reduce((sum, value, i) => sum + value * weight.data[o * input.length + i]!, bias.data[o]!),
      );
    };
    const inner = dense(`${name}.0`, means).map((value) => Math.max(0, value));
    const factors = dense(`${name}.1`, inner).map((value) => 1 / (1 + Math.exp(-value)));
    return map(x, (value, channel) => value * factors[channel]!);
  }

  /** Without padding. */
  conv(name: string, x: Planes, stride = 1): Planes {
    const [weight, bias] = [this.#weights.get(`${name}.weight`)!, this.#weights.get(`${name}.bias`)!];
    const [out = 0, channels = 0, kernel = 0] = weight.shape;
    const size = (length: number) => Math.floor((length - kernel) / stride) + 1;
    return fill(planes(out, size(x.height), size(x.width)), (o, y, column) => {
      let sum = bias.data[o]!;
      for (let c = 0; c < channels; c++) {
        for (let ky = 0; ky < kernel; ky++) {
          for (let kx = 0; kx < kernel; kx++) {
            const w = weight.data[((o * channels + c) * kernel + ky) * kernel + kx]!;
            sum += w * at(x, c, y * stride + ky, column * stride + kx);
          }
        }
      }
      return sum;
    });
  }

  /** Every input pixel adds its kernel to the output; weights are [out, in, height, width] as ncnn has them. */
  deconv(name: string, x: Planes, stride: number, cut: number): Planes {
    const [weight, bias] = [this.#weights.get(`${name}.weight`)!, this.#weights.get(`${name}.bias`)!];
    const [out = 0, channels = 0, kernel = 0] = weight.shape;
    const size = (length: number) => (length - 1) * stride + kernel;
    const whole = fill(planes(out, size(x.height), size(x.width)), (o) => bias.data[o]!);
    for (let o = 0; o < out; o++) {
      for (let c = 0; c < channels; c++) {
        for (let y = 0; y < x.height; y++) {
          for (let column = 0; column < x.width; column++) {
            for (let ky = 0; ky < kernel; ky++) {
              for (let kx = 0; kx < kernel; kx++) {
                const place = (o * whole.height + y * stride + ky) * whole.width + column * stride + kx;
                const w = weight.data[((o * channels + c) * kernel + ky) * kernel + kx]!;
                whole.data[place]! += w * at(x, c, y, column);
              }
            }
          }
        }
      }
    }
    return crop(whole, cut);
  }
}

function addInside(a: Planes, b: Planes): Planes {
  if (a.height !== b.height || a.width !== b.width || a.channels !== b.channels) throw new Error('different sizes');
  return { ...a, data: a.data.map((value, index) => value + b.data[index]!) };
}

function replicate(x: Planes, border: number): Planes {
  const inside = (index: number, length: number) => Math.min(length - 1, Math.max(0, index - border));
  return fill(planes(x.channels, x.height + 2 * border, x.width + 2 * border), (c, y, column) =>
    at(x, c, inside(y, x.height), inside(column, x.width)),
  );
}
