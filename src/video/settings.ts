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
    /** Take over what did not change since the frame before; 0: not one byte, else up to so many levels (of 255). */
    reuse: z.boolean().default(true),
    reuseThreshold: z.number().min(0).max(64).default(0),
    /** A number of its own, not the machine's: encoders write other bytes with other thread counts. */
    encoderThreads: z.int().min(1).max(64).default(4),
    /** Folder for work files; null: OUTPUT.upreel beside the output. */
    workDir: z.string().min(1).nullable().default(null),
  })
  .readonly();

export type VideoSettings = z.output<typeof videoSettingsSchema>;
export type ReuseSettings = Pick<VideoSettings, 'reuse' | 'reuseThreshold'>;
export type VideoTarget = VideoSettings['target'];
