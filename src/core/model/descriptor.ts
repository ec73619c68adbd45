import type { FixedSize } from '../pixels/geometry.ts';

/** What the rest of upreel knows of a network: no key names, no layers. */
export interface ModelDescriptor {
  /** Catalogue id, or the file's name without its extension. */
  readonly id: string;
  readonly architecture: Architecture;
  /** Output pixels per input pixel along one axis. */
  readonly scale: number;
  /**
   * Radius of the receptive field in input pixels: an output pixel depends on no input pixel farther away than this
   * from the pixel it lies in. null: unbounded, or not known.
   */
  readonly receptiveFieldPx: number | null;
  /**
   * Whether the CPU provider (x64) gives a result pixel the same bits in every window whose inner borders are farther
   * away than the receptive field.
   */
  readonly windowExact: boolean;
  /** Origins and sizes of windows must be multiples of this (pixel-unshuffle networks); 1 for the others. */
  readonly alignPx: number;
  /**
   * Windows begin at multiples of this where they can, because the network itself cuts the picture into windows of this
   * side from the top left (attention): other tiles than these see another cut. 1 for the others. Sizes need not fit.
   */
  readonly gridPx: number;
  /** The only size of windows that it runs on, at least along one axis; null: any. */
  readonly fixedPx: FixedSize | null;
  /** How far tiles are blended that differ where they overlap: `wide` for networks that invent what they show. */
  readonly seams: 'narrow' | 'wide';
  /**
   * Means, norms or attention take in the whole window, so that tiles differ from the whole picture however far their
   * halos go.
   */
  readonly seesAll: boolean;
  /** Its results depend on the whole picture, so that tiles would show: only pictures that fit one window are run. */
  readonly wholeOnly: boolean;
  readonly parameters: number;
  /** Floating-point operations (a multiply-add is two) per input pixel. */
  readonly flopsPerPixel: number;
  /** sha256 of the weights and of what decides the graph: names this network in caches and jobs. */
  readonly contentHash: string;
  /** For people: "64 feat, 32 conv", and which keys or layers decided the architecture. */
  readonly summary: string;
  readonly decidedBy: readonly string[];
}

export type Architecture =
  | 'compact'
  | 'rrdb'
  | 'span'
  | 'msrresnet'
  | 'edsr'
  | 'srcnn'
  | 'espcn'
  | 'fsrcnn'
  | 'srresnet'
  | 'swift-srgan'
  | 'mdsr'
  | 'rcan'
  | 'msrn'
  | 'imdn'
  | 'rfdn'
  | 'rlfn'
  | 'spanf'
  | 'plksr'
  | 'dat'
  | 'rgt'
  | 'swinir'
  | 'omnisr'
  | 'srformer'
  | 'hat'
  | 'drct'
  | 'atd'
  | 'mosr'
  | 'real-cugan'
  | 'spanplus'
  | 'safmn'
  | 'nafnet'
  | 'scunet'
  | 'fbcnn'
  | 'drunet'
  | 'dncnn'
  | 'swin2sr'
  | 'ditn'
  | 'dctlsa'
  | 'seemore'
  | 'mm-realsr'
  | 'craft'
  | 'fdat'
  | 'spsr'
  | 'grl'
  /** A graph translated layer by layer whose family is not recognised. */
  | 'graph';

/** How a network is wrapped: integer samples in and out, the same layout on both sides (NHWC). */
export interface NetworkVariant {
  /** uint8 or uint16 tensors. */
  readonly bytesPerSample: 1 | 2;
  /**
   * 1: the gray sample feeds all three inputs, and the result is Rec. 601 luma (0.299, 0.587, 0.114) taken in float; a
   * network of luma takes it alone.
   */
  readonly channels: 1 | 3;
  /** Default: `any`. */
  readonly target?: NetworkTarget;
  /**
   * Of weights and arithmetic; default: float32. float16 moves a sample of 8 bit by a level, and spoils those of 16.
   */
  readonly precision?: Precision;
}

export const PRECISIONS = ['float32', 'float16'] as const;
export type Precision = (typeof PRECISIONS)[number];

/**
 * What the same network is written for: the CPU provider on x64 (graph/for-x64.ts), or GPUs, where nothing may fall
 * back to the CPU in the middle.
 */
export type NetworkTarget = 'any' | 'x64' | 'gpu';

/** A network ready to run. */
export interface Model {
  readonly descriptor: ModelDescriptor;
  /**
   * Path of the wrapped ONNX file: input `source` [1, H, W, C], output `upscaled` [1, H*scale, W*scale, C],
   * H and W free but for `fixedPx`. Made on first use and cached by content hash; verified again when it is opened.
   */
  networkFile(variant: NetworkVariant): Promise<string>;
}
