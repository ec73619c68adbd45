import type { StateDict } from '../checkpoint/state-dict.ts';
import { refused, unsupported } from '../import/refusal.ts';
import { attend, sharedIndex } from '../program/attention.ts';
import { weighChannels } from '../program/channel-weights.ts';
import { mlp } from '../program/mlp.ts';
import { pairIndex } from '../program/pair-index.ts';
import { checkedWindow, continuousBias, directionScales } from '../program/position-bias.ts';
import type { Pixels, Planes, Tokens } from '../program/program-builder.ts';
import { ProgramLayers } from '../program/program-layers.ts';
import {
  buildFrame,
  connection,
  type FramePlan,
  planFrame,
  summariseFrame,
  type Upsampler,
} from '../program/restoration-frame.ts';
import { openSwinWindows, type SwinWindows, splitQkv } from '../program/swin-attention.ts';
import { cutWindows, type Windows } from '../program/windows.ts';
import { defineArchitecture } from './architecture.ts';
import { anchorSide, averaged, makeAnchors } from './grl-anchors.ts';
import { axis, countConsecutive } from './key-shapes.ts';

interface GrlPlan {
  readonly frame: FramePlan;
  readonly groups: readonly number[];
  readonly side: number;
  /** Of every other block; the others have them turned. */
  readonly stripe: readonly [height: number, width: number];
  /** Pixels, either way, of which an anchor is the mean. */
  readonly anchor: number;
}

/**
 * GRL (Li et al. 2023; tiny, small and base): attention within shifted windows beside attention within stripes, which
 * goes by way of a few anchors; both compare directions, and the norms are behind them.
 */
export const grl = defineArchitecture<GrlPlan>({
  architecture: 'grl',
  title: 'GRL',
  requiredKeys: ['conv_first.weight', 'norm_start.weight', `${first('attn.window_attn.attn_transform')}.logit_scale`],

  recognise(state) {
    const own = ['', 'model.', 'model_g.'].find((prefix) => state.has(`${prefix}norm_start.weight`));
    if (own === undefined || !state.has(`${own}${first('attn.window_attn.attn_transform')}.logit_scale`)) {
      return undefined;
    }
    return state.renamed((key) =>
      key.startsWith(own) ? key.slice(own.length).replace(/^upsample\.up\./, 'upsample.') : undefined,
    );
  },

  plan(state) {
    const frame = planFrame(state, 'GRL');
    const count = countConsecutive(state, (group) => `layers.${group}.blocks.0.norm1.weight`);
    const groups = Array.from({ length: count }, (_, group) =>
      countConsecutive(state, (block) => `layers.${group}.blocks.${block}.norm1.weight`),
    );
    return { frame, groups, ...windowsOf(state, frame) };
  },

  summarise: ({ frame, groups, side, stripe }) =>
    [...summariseFrame(frame), `${groups.join('+')} blocks`, `windows ${side} and ${stripe.join('x')}`].join(', '),

  build({ frame, groups, side, stripe, anchor }, state) {
    ignoreOthers(state);
    const layers = new ProgramLayers(state);
    return buildFrame(layers, frame, { multiple: Math.max(side, ...stripe) }, (planes) => {
      const windows = openSwinWindows(layers, planes, side);
      const stripes = openStripes(layers, planes, anchor);
      let value = layers.layerNorm(layers.toPixels(planes), 'norm_start');
      groups.forEach((blocks, group) => {
        const before = value;
        for (let index = 0; index < blocks; index++) {
          const [height, width] = index % 2 === 0 ? stripe : [stripe[1], stripe[0]];
          const stripeCut = stripes(height, width, index % 4 >= 2);
          const at = { windows, isShifted: index % 2 === 0, stripe: stripeCut };
          value = block(layers, value, `layers.${group}.blocks.${index}`, at);
        }
        const made = connection(layers, layers.toPlanes(value), `layers.${group}.conv`);
        value = layers.add(layers.toPixels(made), before);
      });
      return layers.toPlanes(layers.layerNorm(value, 'norm_end'));
    });
  },
});

/** Tables and masks that follow from the windows, and what lies beside a network in training (`model_g`). */
function ignoreOthers(state: StateDict): void {
  const inTraining = state.nameInFile('norm_start.weight').startsWith(TRAINED);
  for (const key of state.keys) {
    if (BUFFER.test(key) || (inTraining && !state.nameInFile(key).startsWith(TRAINED))) state.ignore(key);
  }
}

const TRAINED = 'model_g.';
const BUFFER = /^(table|index|mask)_\w+$/;

function first(key: string): string {
  return `layers.0.blocks.0.${key}`;
}

/** From the tables, where the file has them; else what the authors' networks have. @throws UpreelError */
function windowsOf(state: StateDict, { upsampler }: FramePlan): GrlWindows {
  const told = anchorSide(state, first('attn.anchor'));
  const hasTables = state.has('table_w') && state.has('table_sh') && state.has('index_sh_a2w');
  const windows = hasTables ? tabledWindows(state) : authorsWindows(upsampler, told ?? 4);
  const { stripe, anchor } = windows;
  if (told !== undefined && told !== anchor) {
    throw refused(`its anchors stand for ${told} pixels either way, and its tables are for ${anchor}.`);
  }
  const pairs = (stripe[0] * stripe[1] * stripe[0] * stripe[1]) / anchor ** 2;
  if (stripe.some((side) => side % anchor !== 0 || side > LONGEST_STRIPE) || pairs > MOST_PAIRS) {
    throw unsupported(`The GRL network has stripes of ${stripe.join('x')} pixels with anchors of ${anchor}.`);
  }
  return windows;
}

type GrlWindows = Pick<GrlPlan, 'side' | 'stripe' | 'anchor'>;

function tabledWindows(state: StateDict): GrlWindows {
  const ratio = axis(state, 'index_sh_a2w', 1) / axis(state, 'index_sh_a2w', 0);
  const anchor = Math.sqrt(Math.max(ratio, 1 / ratio));
  // As many offsets as places of the stripe and of its anchors together, less one.
  const length = (index: number) => Math.round((axis(state, 'table_sh', index) + 1) / (1 + 1 / anchor));
  return {
    side: checkedWindow((axis(state, 'table_w', 1) + 1) / 2, 'table_w'),
    stripe: [length(1), length(2)],
    anchor,
  };
}

function authorsWindows(upsampler: Upsampler, anchor: number): GrlWindows {
  if (upsampler === 'none') return { side: 8, stripe: [8, 8], anchor };
  if (upsampler === 'nearest+conv') return { side: 16, stripe: [32, 64], anchor };
  return { side: 32, stripe: [64, 64], anchor };
}

/** Of places and anchors of a stripe: twice as many as the authors' largest network has. */
const MOST_PAIRS = 2 ** 21;
const LONGEST_STRIPE = 64;

interface Stripe {
  readonly height: number;
  readonly width: number;
  readonly anchor: number;
  readonly places: Windows;
  readonly anchors: Windows;
}

/** Each cut is made once. */
function openStripes(layers: ProgramLayers, planes: Planes, anchor: number) {
  const size = layers.sizeOf(planes);
  const small = layers.sizeOf(averaged(layers, planes, anchor));
  const known = new Map<string, Stripe>();
  return (height: number, width: number, isShifted: boolean): Stripe => {
    const name = `${height}x${width}${isShifted ? ' shifted' : ''}`;
    const shift = isShifted ? ([height >> 1, width >> 1] as const) : ([0, 0] as const);
    const make = (): Stripe => ({
      height,
      width,
      anchor,
      places: cutWindows(layers, size, { height, width, shift, placesPerKey: anchor }, null),
      anchors: cutWindows(
        layers,
        small,
        {
          height: height / anchor,
          width: width / anchor,
          shift: [Math.floor(shift[0] / anchor), Math.floor(shift[1] / anchor)],
        },
        null,
      ),
    });
    const stripe = known.get(name) ?? make();
    known.set(name, stripe);
    return stripe;
  };
}

interface At {
  readonly windows: SwinWindows;
  readonly isShifted: boolean;
  readonly stripe: Stripe;
}

function block(layers: ProgramLayers, input: Pixels, name: string, at: At): Pixels {
  let sum = layers.add(input, layers.layerNorm(mixedAttention(layers, input, `${name}.attn`, at), `${name}.norm1`));
  if (layers.has(`${name}.conv.cab.0.weight`)) {
    const wide = layers.activate(layers.conv(layers.toPlanes(input), `${name}.conv.cab.0`), 'gelu');
    const made = layers.conv(wide, `${name}.conv.cab.2`);
    const weighed = weighChannels(layers, made, `${name}.conv.cab.3.attention.1`, `${name}.conv.cab.3.attention.3`);
    sum = layers.add(sum, layers.toPixels(weighed));
  }
  return layers.add(sum, layers.layerNorm(mlp(layers, sum, `${name}.mlp`), `${name}.norm2`));
}

function mixedAttention(layers: ProgramLayers, input: Pixels, name: string, at: At): Pixels {
  const { channels } = input;
  const qkv = projected(layers, input, `${name}.qkv.body`);
  const half = (3 * channels) / 2;
  const near = windowAttention(layers, layers.channels(qkv, 0, half), `${name}.window_attn.attn_transform`, at);
  const anchors = makeAnchors(layers, input, `${name}.anchor`, at.stripe.anchor);
  const far = stripeAttention(layers, layers.channels(qkv, half, 2 * half), anchors, `${name}.stripe_attn`, at.stripe);
  return layers.linear(layers.concat([near, { ...far, extent: near.extent }]), `${name}.proj`);
}

/** Queries, keys and values, by a linear layer or by a depthwise convolution and one. */
function projected(layers: ProgramLayers, input: Pixels, name: string): Pixels {
  const made = 3 * input.channels;
  if (layers.has(`${name}.weight`)) return layers.linear(input, name, made);
  const seen = layers.conv(layers.toPlanes(input), `${name}.0`, { groups: input.channels, kernel: 3 });
  return layers.toPixels(layers.conv(seen, `${name}.1`, { kernel: 1 }));
}

function windowAttention(layers: ProgramLayers, qkv: Pixels, name: string, { windows, isShifted }: At): Pixels {
  const { side } = windows;
  const cut = windows.of(isShifted);
  const [q, k, v] = splitQkv(layers, cut.split(qkv));
  const heads = headsOf(layers, name);
  const shape = { heads, tokens: cut.tokens };
  const offsets = shares(1 - side, side - 1, 1 - side, side - 1);
  const bias = continuousBias(layers, name, offsets, sharedIndex(layers, side, side), shape);
  return cut.join(
    attend(layers, q, k, v, { ...shape, bias, mask: cut.mask, directions: directionScales(layers, name, heads) }),
  );
}

/** The anchors gather from the places, and the places read from the anchors. */
function stripeAttention(layers: ProgramLayers, qkv: Pixels, anchors: Pixels, name: string, stripe: Stripe): Pixels {
  const { height, width, anchor, places } = stripe;
  const [q, k, v] = splitQkv(layers, places.split(qkv));
  const asked: Tokens = stripe.anchors.split(anchors);
  const [tokens, keys] = [places.tokens, stripe.anchors.tokens];
  const [small, low] = [width / anchor, height / anchor];
  // Places are counted from the stripe's corner, and offsets from its middle.
  const [down, right] = [Math.floor((height - low) / 2), Math.floor((width - small) / 2)];
  const offsets = shares(1 - low - down, height - 1 - down, 1 - small - right, width - 1 - right);
  const span = width + small - 1;
  const index = (from: number, fromWidth: number, toWidth: number, last: readonly [number, number]) => (to: number) =>
    (Math.floor(from / fromWidth) - Math.floor(to / toWidth) + last[0]) * span +
    (from % fromWidth) -
    (to % toWidth) +
    last[1];
  const shape = `${height}x${width} by ${anchor}`;
  const gather = layers.table(`anchors of ${shape}`, () =>
    pairIndex(keys, tokens, width, (from, to) => index(from, small, width, [height - 1, width - 1])(to)),
  );
  const read = layers.table(`places of ${shape}`, () =>
    pairIndex(tokens, keys, small, (from, to) => index(from, width, small, [low - 1, small - 1])(to)),
  );
  const heads = headsOf(layers, `${name}.attn_transform1`);
  const turned = places.mask === null ? null : layers.step('Transpose', [places.mask], { perm: [0, 1, 3, 2] });
  const one = `${name}.attn_transform1`;
  const gathered = attend(layers, asked, k, v, {
    heads,
    tokens: keys,
    keys: tokens,
    mask: turned,
    directions: directionScales(layers, one, heads),
    bias: continuousBias(layers, one, offsets, gather, { heads, tokens: keys, keys: tokens }),
  });
  const two = `${name}.attn_transform2`;
  return places.join(
    attend(layers, q, asked, gathered, {
      heads,
      tokens,
      keys,
      mask: places.mask,
      directions: directionScales(layers, two, heads),
      bias: continuousBias(layers, two, offsets, read, { heads, tokens, keys }),
    }),
  );
}

function headsOf(layers: ProgramLayers, name: string): number {
  return layers.shape(`${name}.logit_scale`)?.[0] ?? 0;
}

/** y and x of each offset, in shares of the largest. */
function shares(top: number, bottom: number, left: number, right: number): number[] {
  const steps = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => (from + index) / Math.max(to, 1));
  const columns = steps(left, right);
  return steps(top, bottom).flatMap((y) => columns.flatMap((x) => [y, x]));
}
