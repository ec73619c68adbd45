import { z } from 'zod';
import { FILLS } from '../core/pixels/fill.ts';
import { GRAY_MODES } from '../core/pixels/gray.ts';
import { userFilters } from '../core/still/user-filters.ts';

export const ENCODER_NAMES = [
  'libx264',
  'libx265',
  'libsvtav1',
  'libaom-av1',
  'libvpx-vp9',
  'prores_ks',
  'ffv1',
  'png',
  'tiff',
  'y4m',
  'h264_nvenc',
  'hevc_nvenc',
  'av1_nvenc',
  'h264_qsv',
  'hevc_qsv',
  'h264_videotoolbox',
  'hevc_videotoolbox',
] as const;
export type EncoderName = (typeof ENCODER_NAMES)[number];

/** ffmpeg's names. */
const HWACCELS = [
  ...(['off', 'auto', 'cuda', 'vaapi', 'qsv', 'videotoolbox', 'd3d11va', 'dxva2', 'vdpau', 'vulkan', 'drm'] as const),
] as const;
export type Hwaccel = (typeof HWACCELS)[number];

/** Parsed once at the edge; inside, nothing is optional. */
export const videoSettingsSchema = z
  .object({
    /** auto: libx264 (libx265 from 10 bits on), libvpx-vp9 in webm. */
    encoder: z.enum(['auto', ...ENCODER_NAMES]).default('auto'),
    /** 0..100, higher is better; each encoder's meaning is in encoders.ts. */
    quality: z.number().min(0).max(100).default(70),
    /** Every sample as it came to the encoder; `quality` is then without meaning. */
    lossless: z.boolean().default(false),
    /** Further options of the encoder, from its allow-list (encoder-options.ts). */
    encoderOptions: z.record(z.string(), z.string()).default({}),
    /** Colour resolution of the result; auto: 4:2:0, or the encoder's own kind. */
    chroma: z.enum(['auto', '420', '422', '444']).default('auto'),
    /** Bits per sample of the result; auto: 8, or 10 (in pictures 16) where the source has more than 8. */
    depth: z.enum(['auto', '8', '10', '16']).default('auto'),
    /** Transparency: left out, or through the network like a second picture. */
    alpha: z.enum(['drop', 'keep']).default('drop'),
    /** Whether what is stored in colours is gray, and comes out so; auto: by samples of the whole film. */
    gray: z.enum(GRAY_MODES).default('auto'),
    /** Levels below black and above white: kept where the source uses them, always, never. */
    levels: z.enum(['auto', 'keep', 'clip']).default('auto'),
    /** Replace an existing output. */
    overwrite: z.boolean().default(false),
    /** Size of the result: the network's own, a factor of the source's, the largest that fits in a box, or one side. */
    target: z
      .discriminatedUnion('kind', [
        z.object({ kind: z.literal('network') }),
        z.object({ kind: z.literal('scale'), scale: z.number().gt(0).max(32) }),
        z.object({ kind: z.literal('fit'), width: z.int().min(2).max(32768), height: z.int().min(2).max(32768) }),
        z.object({
          kind: z.literal('side'),
          side: z.enum(['width', 'height', 'short']),
          px: z.int().min(2).max(32768),
        }),
      ])
      .default({ kind: 'network' }),
    /** Take over what did not change since the frame before; 0: not one byte, else up to so many levels (of 255). */
    reuse: z.boolean().default(true),
    reuseThreshold: z.number().min(0).max(64).default(0),
    /** How much the result leans on the one before it where the source only jitters by its own noise; 0: not at all. */
    steady: z.number().min(0).max(1).default(0),
    /**
     * How a picture of another shape comes into the box of `target`; all but `fit` give its exact size, square pixels.
     */
    fill: z.enum(FILLS).default('fit'),
    /** Decode on hardware if its first frames are those of software; auto: whichever ffmpeg has. */
    hwaccel: z.enum(HWACCELS).default('off'),
    /** A number of its own, not the machine's: encoders write other bytes with other thread counts. */
    encoderThreads: z.int().min(1).max(64).default(4),
    /** auto: where fields are found, by bwdif; on: always; bob: every field becomes a frame. */
    deinterlace: z.enum(['auto', 'off', 'on', 'bob']).default('auto'),
    /** Inverse telecine, film on 30 frames a second back to 24: where it is found, never, always. */
    ivtc: z.enum(['auto', 'off', 'on']).default('auto'),
    /**
     * Part of the film, in seconds of the result's clock without it: from the first to before the second (null: the
     * end).
     */
    trim: z
      .object({ startSeconds: z.number().min(0), endSeconds: z.number().gt(0).nullable() })
      .refine(
        ({ startSeconds, endSeconds }) => endSeconds === null || endSeconds > startSeconds,
        'it ends before it starts',
      )
      .nullable()
      .default(null),
    /** Part of the picture, in source pixels after rotation; auto: without black borders. */
    crop: z
      .union([
        z.enum(['off', 'auto']),
        z.object({
          x: z.int().min(0),
          y: z.int().min(0),
          width: z.int().min(1),
          height: z.int().min(1),
        }),
      ])
      .default('off'),
    /** Pictures that change their size or the shape of their pixels: all on one canvas, or the film is refused. */
    shapeChange: z.enum(['fit', 'refuse']).default('fit'),
    /** Another frame rate, by repeating and leaving out frames; null: the source's times. Of pictures: theirs, 24. */
    fps: z
      .object({ num: z.int().min(1), den: z.int().min(1) })
      .nullable()
      .default(null),
    /** Pictures as the frames, by name, where no pattern gives them; null: what the input names. */
    frames: z.array(z.string().min(1)).min(1).nullable().default(null),
    /** What missing numbers of such pictures do. */
    gaps: z.enum(['fail', 'hold', 'skip']).default('fail'),
    /** A file that gives such pictures their sound. */
    sound: z.string().min(1).nullable().default(null),
    /** Filters before and after the network, from an allow-list (user-filters.ts). */
    pre: userFilters('before'),
    post: userFilters('after'),
    /**
     * What a picture does that cannot be decoded without errors: stop the work, or be replaced as well as ffmpeg can.
     */
    onDecodeError: z.enum(['fail', 'conceal']).default('fail'),
    /** Sound and subtitles: copied or else converted; copied or else refused; left out. */
    audio: z.enum(['auto', 'copy', 'none']).default('auto'),
    subtitles: z.enum(['auto', 'copy', 'none']).default('auto'),
    /** Tell nothing of how the film was made. The source's own tags stay. */
    strip: z.boolean().default(false),
    /** The result gets the source's time of change. */
    keepTimes: z.boolean().default(false),
    /** The preset that these settings are from, for the result's tags; null: none. */
    preset: z.string().min(1).nullable().default(null),
    /** File for a report in JSON at the end; null: none. */
    report: z.string().min(1).nullable().default(null),
    /** Folder for work files; null: OUTPUT.upreel beside the output. */
    workDir: z.string().min(1).nullable().default(null),
    /** Length of a segment: what a crash costs at most, and after how much film the encoder starts anew. */
    segmentSeconds: z.number().min(0.1).max(3600).default(10),
    /** Throw away what an earlier run of the same job has done. */
    restart: z.boolean().default(false),
    /** Refuse to start where the result would not fit on the disk by estimate. */
    spaceCheck: z.boolean().default(true),
    /** full: read the whole source, and all that is done already, to see that nothing has changed. */
    verify: z.enum(['sampled', 'full']).default('sampled'),
    /** A stage in which nothing moves for as long is taken for hung, ended and started again. */
    stallSeconds: z.number().min(1).default(120),
  })
  .readonly();

export type VideoSettings = z.output<typeof videoSettingsSchema>;

/** Settings that no frame of the result depends on: they may differ when a job goes on. */
export const SETTINGS_OF_THE_RUN: readonly (keyof VideoSettings)[] = [
  ...(['overwrite', 'reuse', 'report', 'workDir', 'restart', 'spaceCheck', 'verify', 'stallSeconds'] as const),
  // What is finished is whole either way.
  'onDecodeError',
  // Of the tags and the time alone.
  ...(['strip', 'preset', 'keepTimes'] as const),
  // Facts of the source, where they matter.
  ...(['frames', 'gaps', 'sound', 'audio', 'subtitles', 'shapeChange'] as const),
];

export type ReuseSettings = Pick<VideoSettings, 'reuse' | 'reuseThreshold'>;
export type VideoTarget = VideoSettings['target'];
