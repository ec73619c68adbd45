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
    /** auto: where fields are found, by bwdif; on: always; bob: every field becomes a frame. */
    deinterlace: z.enum(['auto', 'off', 'on', 'bob']).default('auto'),
    /** Inverse telecine, film on 30 frames a second back to 24: where it is found, never, always. */
    ivtc: z.enum(['auto', 'off', 'on']).default('auto'),
    /** Part of the film, in seconds of the result's clock without it: from the first to before the second (null: the end). */
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
          ...{ x: z.int().min(0), y: z.int().min(0) },
          ...{ width: z.int().min(1), height: z.int().min(1) },
        }),
      ])
      .default('off'),
    /** Another frame rate, by repeating and leaving out frames; null: the source's times. */
    fps: z
      .object({ num: z.int().min(1), den: z.int().min(1) })
      .nullable()
      .default(null),
    /** Folder for work files; null: OUTPUT.upreel beside the output. */
    workDir: z.string().min(1).nullable().default(null),
  })
  .readonly();

export type VideoSettings = z.output<typeof videoSettingsSchema>;
export type VideoTarget = VideoSettings['target'];
