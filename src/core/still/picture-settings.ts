import { z } from 'zod';
import { DEFAULT_PICTURE_LIMITS, EFFORTS, FORMAT_CHOICES } from '../codec/index.ts';
import { FILLS } from '../pixels/fill.ts';
import { GRAY_MODES } from '../pixels/gray.ts';
import { userFilters } from './user-filters.ts';

/**
 * What becomes of a picture, but for its network, its names and its size. Parsed once at the edge (flags, library);
 * inside, nothing is optional.
 */
export const pictureSettingsSchema = z
  .object({
    /** Where the result's name follows from the input's; null: what holds all of it without loss. */
    format: z.enum(FORMAT_CHOICES).nullable().default(null),
    /** Only this part of each page, in source pixels, upright; null: the whole. */
    crop: z
      .object({ x: z.int().min(0), y: z.int().min(0), width: z.int().min(1), height: z.int().min(1) })
      .readonly()
      .nullable()
      .default(null),
    /** ffmpeg's filters before the network, from an allow-list (docs/stills.md); null: none. */
    pre: userFilters('before'),
    /** How a box of both sides is filled by another shape. */
    fill: z.enum(FILLS).default('fit'),
    /** Replace a result that exists. */
    overwrite: z.boolean().default(false),
    /** 0..100, higher is better; null: the format's default. */
    quality: z.number().min(0).max(100).nullable().default(null),
    /** WebP, AVIF and JPEG XL without loss. */
    lossless: z.boolean().default(false),
    /** Time against size; lossless pixels do not depend on it. */
    effort: z.enum(EFFORTS).default('balanced'),
    /** Leave out EXIF, XMP, IPTC and density, and how the result was made. */
    strip: z.boolean().default(false),
    /** The result gets the source's time of change. */
    keepTimes: z.boolean().default(false),
    /** The preset that these settings are from, for the result's metadata; null: none. */
    preset: z.string().min(1).nullable().default(null),
    /** Colour (#rrggbb) behind a transparent picture, for formats without alpha; null keeps the alpha. */
    flatten: z
      .string()
      .regex(/^#[0-9a-f]{6}$/i, 'a colour such as #ffffff')
      .nullable()
      .default(null),
    /** What enlarges the alpha of a transparent picture. */
    alpha: z.enum(['network', 'lanczos']).default('network'),
    /** Whether a picture in RGB is taken for gray and comes out so. */
    gray: z.enum(GRAY_MODES).default('auto'),
    /** Refuse larger pictures. */
    maxInputMegapixels: z.number().gt(0).default(DEFAULT_PICTURE_LIMITS.maxInputMegapixels),
    /** A damaged picture is refused, or what can be decoded of it is enlarged, with a warning. */
    onDecodeError: z.enum(['fail', 'conceal']).default('fail'),
  })
  .readonly();

export type PictureSettings = z.output<typeof pictureSettingsSchema>;
export type AlphaMethod = PictureSettings['alpha'];
