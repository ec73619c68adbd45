import type { Size } from '../../core/pixels/geometry.ts';
import type { RasterFormat } from '../../core/pixels/raster.ts';
import type { EncoderPlan } from '../encode/encoders.ts';
import type { Rational } from '../rational.ts';
import type { ReuseSettings } from '../settings.ts';
import type { Colour } from '../source/colour.ts';
import type { OutputContainer } from '../source/containers.ts';
import type { PacketScan } from '../source/scan.ts';
import type { StreamLedger } from '../source/stream-ledger.ts';
import type { StreamPlan, StreamWarning } from '../source/streams.ts';
import type { VideoInfo } from '../source/video-info.ts';
import type { FrameList } from './frame-list.ts';
import type { PicturePlan } from './picture-plan.ts';
import type { TargetPlan } from './target.ts';

/** Everything that is decided before the first frame. Plain data, the same for every segment. */
export interface VideoPlan {
  readonly source: VideoInfo;
  /** The source's packets. What is upscaled is in `frames`. */
  readonly scan: PacketScan;
  readonly output: string;
  /** What happens to the pictures before the network. */
  readonly picture: PicturePlan;
  /** The frames that the network gets and the result must have; their times are on the source's clock. */
  readonly frames: FrameList;
  /** Of the result: its one rate, or the average. */
  readonly frameRate: Rational;
  readonly container: OutputContainer;
  readonly encoder: EncoderPlan;
  /** How source samples become RGB, and RGB the result's samples. */
  readonly sourceColour: Colour;
  readonly resultColour: Colour;
  readonly format: RasterFormat;
  /** Size that the network gives. */
  readonly networkSize: Size;
  /** How the network's picture becomes the result's, before padding to even numbers. */
  readonly target: TargetPlan;
  /** Size of the result. */
  readonly encodedSize: Size;
  /** Of the user's, on the result's samples. */
  readonly postFilters: string | null;
  /** What is taken off every time of the source, so that the result's clock does not start before 0 or anywhere. */
  readonly shiftSeconds: number;
  /** What is taken over from the frame before. */
  readonly reuse: ReuseSettings;
  /** 0..1: how much results lean on those before them. */
  readonly steady: number;
  readonly streams: StreamPlan;
  /** Of the result's first frame; null: it has none. */
  readonly timecode: string | null;
  /** What the carried streams have in the source, by its indices of streams; null until it is read. */
  readonly ledger: ReadonlyMap<number, StreamLedger> | null;
  /** Damaged pictures are concealed instead of ending the work. */
  readonly concealsErrors: boolean;
  /** ffmpeg's name of the hardware that decodes; null: software. */
  readonly hwaccel: string | null;
  readonly warnings: readonly StreamWarning[];
}
