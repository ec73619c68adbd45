/**
 * Slow, plain float64 evaluations of the networks, written from their definitions (the papers' and authors' code) and
 * not from anything in src: what an import must equal. Weights are keyed by the newest naming of each family.
 */
export interface Weight {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export type Weights = ReadonlyMap<string, Weight>;

/** A picture as planes: data[(channel * height + y) * width + x]. */
export interface Planes {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly data: Float64Array;
}

/** SRVGGNetCompact. */
export function evaluateCompact(weights: Weights, picture: Planes): Planes {
  const layers = [...weights.keys()].filter((key) => key.endsWith('.weight')).length;
  let x = picture;
  for (let index = 0; index < layers; index++) {
    const isConv = index % 2 === 0;
    x = isConv ? conv(weights, `body.${index}`, x) : prelu(x, get(weights, `body.${index}.weight`));
  }
  const scale = Math.sqrt(x.channels / picture.channels);
  return add(pixelShuffle(x, scale), nearest(picture, scale));
}

/** RRDBNet, with ESRGAN+'s conv1x1 where the weights have it and pixel-unshuffle where the first layer calls for it. */
export function evaluateRrdb(weights: Weights, picture: Planes): Planes {
  const unshuffle = Math.sqrt(get(weights, 'conv_first.weight').shape[1]! / picture.channels);
  const lrelu = (x: Planes) => leakyRelu(x, 0.2);
  const first = conv(weights, 'conv_first', unshuffle === 1 ? picture : pixelUnshuffle(picture, unshuffle));
  let x = first;
  for (let block = 0; weights.has(`body.${block}.rdb1.conv1.weight`); block++) {
    const before = x;
    for (const rdb of ['rdb1', 'rdb2', 'rdb3']) x = denseBlock(weights, `body.${block}.${rdb}`, x);
    x = add(times(x, 0.2), before);
  }
  x = add(first, conv(weights, 'conv_body', x));
  for (let up = 1; weights.has(`conv_up${up}.weight`); up++) x = lrelu(conv(weights, `conv_up${up}`, nearest(x, 2)));
  return conv(weights, 'conv_last', lrelu(conv(weights, 'conv_hr', x)));
}

/** SPAN in its training form: three convolutions in a row and a shortcut where the exported form has one. */
export function evaluateSpan(weights: Weights, picture: Planes): Planes {
  const normalised = !weights.has('no_norm');
  const input = normalised ? map(picture, (value, channel) => (value - DIV2K_MEAN[channel]!) * 255) : picture;
  const conv3xc = (name: string, x: Planes): Planes => {
    if (!weights.has(`${name}.sk.weight`)) return conv(weights, `${name}.eval_conv`, x);
    const padded = crop(x, -1);
    const long = ['conv.0', 'conv.1', 'conv.2'].reduce(
      (value, part) => conv(weights, `${name}.${part}`, value),
      padded,
    );
    return add(crop(long, 1), conv(weights, `${name}.sk`, x));
  };
  const block = (name: string, x: Planes): [Planes, Planes] => {
    const one = silu(conv3xc(`${name}.c1_r`, x));
    const three = conv3xc(`${name}.c3_r`, silu(conv3xc(`${name}.c2_r`, one)));
    return [
      multiply(
        add(three, x),
        map(three, (value) => sigmoid(value) - 0.5),
      ),
      one,
    ];
  };
  const first = conv3xc('conv_1', input);
  const [b1] = block('block_1', first);
  const [b2] = block('block_2', b1);
  const [b3] = block('block_3', b2);
  const [b4] = block('block_4', b3);
  const [b5] = block('block_5', b4);
  const [b6, inner] = block('block_6', b5);
  const joined = conv(weights, 'conv_cat', concat([first, conv3xc('conv_2', b6), b1, inner]));
  const made = conv(weights, 'upsampler.0', joined);
  return pixelShuffle(made, Math.sqrt(made.channels / 3));
}

/** MSRResNet of BasicSR. */
export function evaluateMsrResNet(weights: Weights, picture: Planes): Planes {
  const lrelu = (x: Planes) => leakyRelu(x, 0.1);
  let x = lrelu(conv(weights, 'conv_first', picture));
  for (let block = 0; weights.has(`body.${block}.conv1.weight`); block++)
    x = add(x, residual(weights, `body.${block}`, x));
  let scale = 1;
  for (const name of ['upconv1', 'upconv2']) {
    if (!weights.has(`${name}.weight`)) continue;
    const made = conv(weights, name, x);
    const factor = Math.sqrt(made.channels / x.channels);
    x = lrelu(pixelShuffle(made, factor));
    scale *= factor;
  }
  return add(conv(weights, 'conv_last', lrelu(conv(weights, 'conv_hr', x))), bilinear(picture, scale));
}

/** EDSR on 0..255 with the mean of DIV2K taken off. */
export function evaluateEdsr(weights: Weights, picture: Planes, residualScale: number): Planes {
  const first = conv(
    weights,
    'conv_first',
    map(picture, (value, channel) => 255 * (value - DIV2K_MEAN[channel]!)),
  );
  let x = first;
  for (let block = 0; weights.has(`body.${block}.conv1.weight`); block++) {
    x = add(x, times(residual(weights, `body.${block}`, x), residualScale));
  }
  x = add(first, conv(weights, 'conv_after_body', x));
  for (let up = 0; weights.has(`upsample.${up}.weight`); up += 2) {
    const made = conv(weights, `upsample.${up}`, x);
    x = pixelShuffle(made, Math.sqrt(made.channels / x.channels));
  }
  return map(conv(weights, 'conv_last', x), (value, channel) => value / 255 + DIV2K_MEAN[channel]!);
}

/** SRCNN: on luma, as YCbCr of Rec. 601 with limited range, there and back; or on all of RGB. */
export function evaluateSrcnn(weights: Weights, picture: Planes, scale: number): Planes {
  const sharpen = (x: Planes) => conv(weights, 'conv3', relu(conv(weights, 'conv2', relu(conv(weights, 'conv1', x)))));
  const base = bicubic(picture, scale, -0.5);
  if (get(weights, 'conv1.weight').shape[1] === 3) return sharpen(base);
  const [r, g, b] = [0, 1, 2].map((c) => plane(base, c));
  const y = combine(
    [r!, g!, b!],
    ([red, green, blue]) => (16 + 65.481 * red! + 128.553 * green! + 24.966 * blue!) / 255,
  );
  const cb = combine([r!, g!, b!], ([red, green, blue]) => (128 - 37.797 * red! - 74.203 * green! + 112 * blue!) / 255);
  const cr = combine([r!, g!, b!], ([red, green, blue]) => (128 + 112 * red! - 93.786 * green! - 18.214 * blue!) / 255);
  const ycc = [sharpen(y), cb, cr].map((x) => map(x, (value) => value * 255));
  const luma = (values: readonly number[]) => (values[0]! - 16) / 219;
  const [back, forth] = [
    (values: readonly number[]) => (values[1]! - 128) / 112,
    (values: readonly number[]) => (values[2]! - 128) / 112,
  ];
  return concat([
    combine(ycc, (values) => luma(values) + (1 - 0.299) * forth(values)),
    combine(
      ycc,
      (values) => luma(values) - (0.114 * (1 - 0.114) * back(values) + 0.299 * (1 - 0.299) * forth(values)) / 0.587,
    ),
    combine(ycc, (values) => luma(values) + (1 - 0.114) * back(values)),
  ]);
}

/** torch's example of super-resolution: ESPCN with ReLU. */
export function evaluateTorchEspcn(weights: Weights, luma: Planes): Planes {
  const inner = ['conv1', 'conv2', 'conv3'].reduce((x, name) => relu(conv(weights, name, x)), luma);
  const made = conv(weights, 'conv4', inner);
  return pixelShuffle(made, Math.sqrt(made.channels));
}

/** A network of one channel on full-range luma (Rec. 601), with the colours enlarged by bicubic interpolation. */
export function onLuma(picture: Planes, scale: number, network: (luma: Planes) => Planes): Planes {
  const luma = (rgb: Planes) =>
    combine([plane(rgb, 0), plane(rgb, 1), plane(rgb, 2)], ([r, g, b]) => 0.299 * r! + 0.587 * g! + 0.114 * b!);
  const colours = scale === 1 ? picture : bicubic(picture, scale, -0.5);
  const [made, before] = [network(luma(picture)), luma(colours)];
  const area = made.height * made.width;
  return { ...colours, data: colours.data.map((value, i) => value + made.data[i % area]! - before.data[i % area]!) };
}

/** A network of RGB and opacity on an opaque picture, without the opacity that it makes. */
export function asOpaque(picture: Planes, network: (picture: Planes) => Planes): Planes {
  const opacity = map(plane(picture, 0), () => 1);
  const made = network(concat([picture, opacity]));
  return concat([plane(made, 0), plane(made, 1), plane(made, 2)]);
}

const DIV2K_MEAN = [0.4488, 0.4371, 0.404];

function residual(weights: Weights, name: string, x: Planes): Planes {
  return conv(weights, `${name}.conv2`, relu(conv(weights, `${name}.conv1`, x)));
}

function denseBlock(weights: Weights, name: string, x: Planes): Planes {
  const plus = weights.has(`${name}.conv1x1.weight`);
  const layer = (index: number, ...inputs: Planes[]) => conv(weights, `${name}.conv${index}`, concat(inputs));
  const x1 = leakyRelu(layer(1, x), 0.2);
  let x2 = leakyRelu(layer(2, x, x1), 0.2);
  if (plus) x2 = add(x2, conv(weights, `${name}.conv1x1`, x));
  const x3 = leakyRelu(layer(3, x, x1, x2), 0.2);
  let x4 = leakyRelu(layer(4, x, x1, x2, x3), 0.2);
  if (plus) x4 = add(x4, x2);
  return add(times(layer(5, x, x1, x2, x3, x4), 0.2), x);
}

/** Zero-padded convolution of stride 1 that keeps the size; the bias is optional. */
function conv(weights: Weights, name: string, x: Planes): Planes {
  const weight = get(weights, `${name}.weight`);
  const bias = weights.get(`${name}.bias`);
  const [out = 0, channels = 0, kernelHeight = 0, kernelWidth = 0] = weight.shape;
  if (channels !== x.channels) throw new Error(`${name} takes ${channels} channels, not ${x.channels}`);
  const result = planes(out, x.height, x.width);
  const [top, left] = [(kernelHeight - 1) / 2, (kernelWidth - 1) / 2];
  for (let o = 0; o < out; o++) {
    for (let y = 0; y < x.height; y++) {
      for (let column = 0; column < x.width; column++) {
        let sum = bias?.data[o] ?? 0;
        for (let c = 0; c < channels; c++) {
          for (let ky = 0; ky < kernelHeight; ky++) {
            for (let kx = 0; kx < kernelWidth; kx++) {
              const w = weight.data[((o * channels + c) * kernelHeight + ky) * kernelWidth + kx]!;
              sum += w * at(x, c, y + ky - top, column + kx - left);
            }
          }
        }
        result.data[(o * x.height + y) * x.width + column] = sum;
      }
    }
  }
  return result;
}

function prelu(x: Planes, slope: Weight): Planes {
  return map(x, (value, channel) => (value < 0 ? value * slope.data[channel % slope.data.length]! : value));
}

export function leakyRelu(x: Planes, slope: number): Planes {
  return map(x, (value) => (value < 0 ? value * slope : value));
}

function times(x: Planes, factor: number): Planes {
  return map(x, (value) => value * factor);
}

function add(a: Planes, b: Planes): Planes {
  if (a.data.length !== b.data.length) throw new Error('different sizes');
  return { ...a, data: a.data.map((value, index) => value + b.data[index]!) };
}

function relu(x: Planes): Planes {
  return leakyRelu(x, 0);
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}

function silu(x: Planes): Planes {
  return map(x, (value) => value * sigmoid(value));
}

function multiply(a: Planes, b: Planes): Planes {
  if (a.data.length !== b.data.length) throw new Error('different sizes');
  return { ...a, data: a.data.map((value, index) => value * b.data[index]!) };
}

/** Takes `margin` pixels off each side; negative margins add zeros. */
export function crop(x: Planes, margin: number): Planes {
  const result = planes(x.channels, x.height - 2 * margin, x.width - 2 * margin);
  return fill(result, (c, y, column) => at(x, c, y + margin, column + margin));
}

function plane(x: Planes, channel: number): Planes {
  return fill(planes(1, x.height, x.width), (_, y, column) => at(x, channel, y, column));
}

/** One plane computed from the values of several at the same place. */
function combine(inputs: readonly Planes[], value: (values: readonly number[]) => number): Planes {
  const [first] = inputs;
  return fill(planes(1, first!.height, first!.width), (_, y, column) => value(inputs.map((x) => at(x, 0, y, column))));
}

function concat(inputs: readonly Planes[]): Planes {
  const channels = inputs.reduce((sum, x) => sum + x.channels, 0);
  const result = planes(channels, inputs[0]!.height, inputs[0]!.width);
  let offset = 0;
  for (const x of inputs) {
    result.data.set(x.data, offset);
    offset += x.data.length;
  }
  return result;
}

export function nearest(x: Planes, scale: number): Planes {
  return resample(x, scale, (c, y, column) => at(x, c, Math.floor(y / scale), Math.floor(column / scale)));
}

/** Pixel centres at half integers, edges repeated. */
export function bicubic(x: Planes, scale: number, a = -0.75): Planes {
  return resample(x, scale, (c, y, column) => {
    const [sy, sx] = [(y + 0.5) / scale - 0.5, (column + 0.5) / scale - 0.5];
    let sum = 0;
    for (let dy = -1; dy <= 2; dy++) {
      for (let dx = -1; dx <= 2; dx++) {
        const [py, px] = [Math.floor(sy) + dy, Math.floor(sx) + dx];
        sum += cubicWeight(sy - py, a) * cubicWeight(sx - px, a) * at(x, c, clamp(py, x.height), clamp(px, x.width));
      }
    }
    return sum;
  });
}

/** Pixel centres at half integers, edges repeated. */
function bilinear(x: Planes, scale: number): Planes {
  return resample(x, scale, (c, y, column) => {
    const [sy, sx] = [(y + 0.5) / scale - 0.5, (column + 0.5) / scale - 0.5];
    const [fy, fx] = [Math.floor(sy), Math.floor(sx)];
    let sum = 0;
    for (const [py, wy] of [
      [fy, 1 - (sy - fy)],
      [fy + 1, sy - fy],
    ] as const) {
      for (const [px, wx] of [
        [fx, 1 - (sx - fx)],
        [fx + 1, sx - fx],
      ] as const) {
        sum += wy * wx * at(x, c, clamp(py, x.height), clamp(px, x.width));
      }
    }
    return sum;
  });
}

/** out[c][y r + i][x r + j] = in[c r r + i r + j][y][x] */
export function pixelShuffle(x: Planes, r: number): Planes {
  const result = planes(x.channels / (r * r), x.height * r, x.width * r);
  return fill(result, (c, y, column) =>
    at(x, c * r * r + (y % r) * r + (column % r), Math.floor(y / r), Math.floor(column / r)),
  );
}

/** out[c r r + i r + j][y][x] = in[c][y r + i][x r + j] */
function pixelUnshuffle(x: Planes, r: number): Planes {
  const result = planes(x.channels * r * r, x.height / r, x.width / r);
  return fill(result, (c, y, column) => {
    const phase = c % (r * r);
    return at(x, Math.floor(c / (r * r)), y * r + Math.floor(phase / r), column * r + (phase % r));
  });
}

/** Interleaved samples (as pictures have them) as planes in 0..1; a gray picture feeds all three planes. */
export function fromSamples(
  samples: ArrayLike<number>,
  width: number,
  height: number,
  channels: 1 | 3,
  white: number,
): Planes {
  const result = planes(3, height, width);
  return fill(result, (c, y, x) => samples[(y * width + x) * channels + (channels === 3 ? c : 0)]! / white);
}

/** Planes as interleaved samples: clamped, gray by Rec. 601, rounded half to even. */
export function toSamples(picture: Planes, channels: 1 | 3, white: number): number[] {
  const samples: number[] = [];
  for (let y = 0; y < picture.height; y++) {
    for (let x = 0; x < picture.width; x++) {
      const rgb = [0, 1, 2].map((c) => Math.min(1, Math.max(0, at(picture, c, y, x))));
      const luma = 0.299 * rgb[0]! + 0.587 * rgb[1]! + 0.114 * rgb[2]!;
      for (const value of channels === 3 ? rgb : [luma]) samples.push(roundHalfToEven(value * white));
    }
  }
  return samples;
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

function cubicWeight(distance: number, a: number): number {
  const d = Math.abs(distance);
  if (d <= 1) return (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1;
  return d < 2 ? a * d ** 3 - 5 * a * d ** 2 + 8 * a * d - 4 * a : 0;
}

function resample(x: Planes, scale: number, value: (c: number, y: number, x: number) => number): Planes {
  return fill(planes(x.channels, Math.floor(x.height * scale), Math.floor(x.width * scale)), value);
}

export function fill(result: Planes, value: (c: number, y: number, x: number) => number): Planes {
  for (let c = 0; c < result.channels; c++) {
    for (let y = 0; y < result.height; y++) {
      for (let x = 0; x < result.width; x++) result.data[(c * result.height + y) * result.width + x] = value(c, y, x);
    }
  }
  return result;
}

export function map(x: Planes, change: (value: number, channel: number) => number): Planes {
  const area = x.height * x.width;
  return { ...x, data: x.data.map((value, index) => change(value, Math.floor(index / area))) };
}

export function at(x: Planes, channel: number, y: number, column: number): number {
  if (y < 0 || y >= x.height || column < 0 || column >= x.width) return 0;
  return x.data[(channel * x.height + y) * x.width + column]!;
}

function clamp(index: number, length: number): number {
  return Math.min(length - 1, Math.max(0, index));
}

export function planes(channels: number, height: number, width: number): Planes {
  return { channels, height, width, data: new Float64Array(channels * height * width) };
}

function get(weights: Weights, key: string): Weight {
  const weight = weights.get(key);
  if (weight === undefined) throw new Error(`no ${key}`);
  return weight;
}
