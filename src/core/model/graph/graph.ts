import type { Tensor } from '../tensor.ts';
import type { Extent } from './extent.ts';

/**
 * A network as plain data, whatever file it came from: node i makes value i, nodes are in order of evaluation.
 * Values are NCHW, RGB, 0..1. Everything that upreel tells of a network (receptive field, work, ONNX) is read off this.
 */
export interface Graph {
  readonly nodes: readonly Node[];
  readonly shapes: readonly Shape[];
  readonly output: Value;
}

/** Index of the node that makes it. */
export type Value = number;

/** Height first, as in tensors. */
type Pair = readonly [height: number, width: number];

export interface Padding {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

export interface Convolution {
  readonly op: 'conv';
  readonly input: Value;
  /** [out, in / groups, height, width] */
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  readonly stride: Pair;
  readonly dilation: Pair;
  readonly padding: Padding;
  readonly groups: number;
}

/** Transposed convolution: what it writes beyond its input times the stride is cut off by `padding`. */
export interface Deconvolution {
  readonly op: 'deconv';
  readonly input: Value;
  /** [in, out / groups, height, width] */
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  readonly stride: Pair;
  readonly padding: Padding;
  readonly groups: number;
}

export type UnaryKind = 'relu' | 'sigmoid' | 'tanh' | 'silu' | 'sqrt';
export type BinaryKind = 'add' | 'sub' | 'mul' | 'div' | 'max' | 'min';
export type ResizeMode = 'nearest' | 'linear' | 'cubic' | 'catmull-rom';

export type Node =
  | { readonly op: 'input'; readonly channels: number }
  | Convolution
  | Deconvolution
  /** The border repeated outwards. */
  | { readonly op: 'pad'; readonly input: Value; readonly padding: Padding }
  /** Rows and columns cut off. */
  | { readonly op: 'crop'; readonly input: Value; readonly padding: Padding }
  /** [C, H, W] -> [C, 1, 1]: what follows depends on the whole picture. */
  | { readonly op: 'global-mean'; readonly input: Value }
  | { readonly op: 'unary'; readonly kind: UnaryKind; readonly input: Value }
  | { readonly op: 'leaky-relu'; readonly input: Value; readonly slope: number }
  | { readonly op: 'prelu'; readonly input: Value; readonly slope: Tensor }
  | { readonly op: 'clip'; readonly input: Value; readonly low: number; readonly high: number }
  /** x * factor + offset; each holds one number, or one per channel. */
  | { readonly op: 'affine'; readonly input: Value; readonly factor: Tensor; readonly offset: Tensor }
  /** `right` may be [C, 1, 1]: then it goes with every pixel of `left`. */
  | { readonly op: 'binary'; readonly kind: BinaryKind; readonly left: Value; readonly right: Value }
  | { readonly op: 'concat'; readonly inputs: readonly Value[] }
  /** Channels `start` to `end`, half open. */
  | { readonly op: 'channels'; readonly input: Value; readonly start: number; readonly end: number }
  /** The largest sample of each square of `size`, `stride` apart; what does not fill a square is left out. */
  | { readonly op: 'max-pool'; readonly input: Value; readonly size: number; readonly stride: number }
  /** The border repeated to the right and downwards, in pictures smaller than `least` only. */
  | { readonly op: 'pad-to'; readonly input: Value; readonly least: number }
  /**
   * Linear, to the height and width of `like` (torch's interpolate with a size). How far apart its samples lie follows
   * from the picture's size: no window of the picture sees the same.
   */
  | { readonly op: 'resize-to'; readonly input: Value; readonly like: Value }
  /**
   * Pixel centres at half integers, edges repeated; nearest takes floor(i / scale). These are torch's
   * interpolate(align_corners=False) and ncnn's Interp, cubic with a = -0.75. Catmull-Rom is cubic with a = -0.5, as
   * Pillow and MATLAB enlarge.
   */
  | { readonly op: 'resize'; readonly input: Value; readonly mode: ResizeMode; readonly scale: number }
  /** [C r r, H, W] -> [C, H r, W r]; channels are ordered c, y, x ("crd", torch) or y, x, c ("dcr"). */
  | { readonly op: 'pixel-shuffle'; readonly input: Value; readonly factor: number; readonly order: 'crd' | 'dcr' }
  /** torch's pixel_unshuffle: [C, H r, W r] -> [C r r, H, W], channels ordered c, y, x. */
  | { readonly op: 'pixel-unshuffle'; readonly input: Value; readonly factor: number };

export function inputsOf(node: Node): readonly Value[] {
  switch (node.op) {
    case 'input':
      return [];
    case 'concat':
      return node.inputs;
    case 'binary':
      return [node.left, node.right];
    case 'resize-to':
      return [node.input, node.like];
    default:
      return [node.input];
  }
}

/** The same node with its inputs elsewhere. */
export function withInputs(node: Node, place: (value: Value) => Value): Node {
  switch (node.op) {
    case 'input':
      return node;
    case 'concat':
      return { ...node, inputs: node.inputs.map(place) };
    case 'binary':
      return { ...node, left: place(node.left), right: place(node.right) };
    case 'resize-to':
      return { ...node, input: place(node.input), like: place(node.like) };
    default:
      return { ...node, input: place(node.input) };
  }
}

/** How often each value is read; being the output counts as once. */
export function countUses(graph: Graph): number[] {
  const uses = new Array<number>(graph.nodes.length).fill(0);
  for (const node of graph.nodes) for (const input of inputsOf(node)) uses[input] = (uses[input] ?? 0) + 1;
  uses[graph.output] = (uses[graph.output] ?? 0) + 1;
  return uses;
}

/** Channels and size of a value; the size depends on the picture's. */
export interface Shape {
  readonly channels: number;
  readonly height: Extent;
  readonly width: Extent;
}
