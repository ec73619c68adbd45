import type { TaskEvent } from '../core/events.ts';
import type { OnnxOptions } from '../core/model/index.ts';
import type { Size } from '../core/pixels/geometry.ts';
import type { PictureSettings } from '../core/still/picture-settings.ts';
import type { EngineNetwork } from '../engine/index.ts';
import type { VideoSettings } from '../video/index.ts';

/** What pictures and videos have in common. Everything may be left out. */
export interface UpscaleFileOptions {
  /** Path of the result. Default: `NAME.upreel-4x.EXT` beside the input. */
  readonly output?: string;
  /** One of upreel's own bundles of model and settings (docs/presets.md); other options win over it. Default: none. */
  readonly preset?: string;
  /** Catalogue id or checkpoint file. Default: realesr-general-x4v3. */
  readonly model?: string;
  /**
   * 0..1: how strongly noise is removed; for realesr-general-x4v3, whose default, the model alone, is 1, and
   * checkpoints of DRUNet and FDnCNN.
   */
  readonly denoise?: number;
  /** Where colours come from: the network alone, or corrected by the source's. Default: network. */
  readonly colour?: EngineNetwork['colour'];
  /** Enlarge by this factor, to fit inside this size, or to this side (pixels), instead of the network's own scale. */
  readonly target?:
    | { readonly scale: number }
    | { readonly size: Size }
    | { readonly width: number }
    | { readonly height: number }
    | { readonly shortSide: number };
  /** What an ONNX file of others does not say. Default: the range is found by trying, and RGB. */
  readonly onnx?: OnnxOptions;
  /** auto, cpu, webgpu, cuda, ... Default: auto. */
  readonly device?: EngineNetwork['device'] | 'auto';
  /** Of a GPU's arithmetic. Default: auto, float16 where it proves right and faster. */
  readonly precision?: EngineNetwork['precision'];
  /** Side of a tile without its halo, and the halo, in source pixels. Default: from the network. */
  readonly tilePx?: number;
  readonly haloPx?: number;
  /** Numbers of the GPUs to run on at once (cuda, tensorrt, dml). Default: the one that the provider takes. */
  readonly gpus?: readonly number[];
  /** CPU threads. Default: all. */
  readonly threads?: number;
  /** 0..19: how much the work yields to other programs. Default: 0. */
  readonly nice?: number;
  /** Average over eight turned and mirrored copies, at eight times the work. Default: false. */
  readonly ensemble?: boolean;
  /** What upreel's processes may take together; decides the tile. Default: from the network and the machine. */
  readonly memoryBytes?: number;
  /** Replace a result that exists. Default: false. */
  readonly overwrite?: boolean;
  /** The result gets the source's time of change. Default: false. */
  readonly keepTimes?: boolean;
  /** The result does not tell how it was made; of pictures, EXIF, XMP, IPTC and density go, too. Default: false. */
  readonly strip?: boolean;
  /** 0..100, higher is better. Default: the format's or encoder's. */
  readonly quality?: number;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: TaskEvent) => void;
}

/** Every setting of pictures, as on the command line (docs/library.md); each has its default. */
export interface UpscaleImageOptions extends UpscaleFileOptions, Partial<Omit<PictureSettings, SharedOption>> {}

/** Told for pictures and videos alike in `UpscaleFileOptions`. */
type SharedOption = Extract<keyof PictureSettings, keyof UpscaleFileOptions>;

/** Every setting of video, as on the command line (docs/library.md); each has its default. */
export interface UpscaleVideoOptions
  extends UpscaleFileOptions,
    Partial<Omit<VideoSettings, 'target' | 'overwrite' | 'quality' | 'preset'>> {
  /** Works in these hours alone, for example 22:00-07:00. The film is a job then, as on the command line. */
  readonly only?: string;
  /** A command of the shell, run when the film is done or has failed. The film is a job then, too. */
  readonly onDone?: string;
}
