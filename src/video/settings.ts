import { z } from 'zod';

export const ENCODER_NAMES = [
  'libx264',
  'libx265',
  'libsvtav1',
  'libaom-av1',
  'libvpx-vp9',
  'prores_ks',
  'ffv1',
] as const;
export type EncoderName = (typeof ENCODER_NAMES)[number];

/** Parsed once at the edge; inside, nothing is optional. */
export const videoSettingsSchema = z
  .object({
    /** auto: libx264 (libx265 from 10 bits on), libvpx-vp9 in webm. */
    encoder: z.enum(['auto', ...ENCODER_NAMES]).default('auto'),
    /** 0..100, higher is better; each encoder's meaning is in encoders.ts. */
    quality: z.number().min(0).max(100).default(70),
    /** Replace an existing output. */
    overwrite: z.boolean().default(false),
    /** Size of the result: the network's own, a factor of the source's, or the largest that fits in a box. */
    target: z
      .discriminatedUnion('kind', [
        z.object({ kind: z.literal('network') }),
        z.object({ kind: z.literal('scale'), scale: z.number().gt(0).max(32) }),
        z.object({ kind: z.literal('fit'), width: z.int().min(2).max(32768), height: z.int().min(2).max(32768) }),
      ])
      .default({ kind: 'network' }),
    /** A number of its own, not the machine's: encoders write other bytes with other thread counts. */
    encoderThreads: z.int().min(1).max(64).default(4),
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
  ...(['overwrite', 'workDir', 'restart', 'spaceCheck', 'verify', 'stallSeconds'] as const),
];
export type VideoTarget = VideoSettings['target'];
