import type { Effort } from '../../effort.ts';

interface WebpSettings {
  /** 1 to 100. */
  readonly quality: number;
  readonly lossless: boolean;
  readonly effort: Effort;
}

/** As libvips takes them. */
export function webpOptions({ quality, lossless, effort }: WebpSettings) {
  return { quality, lossless, effort: WEBP_EFFORT[effort], exact: lossless, smartSubsample: true };
}

/** 0 to 6. */
const WEBP_EFFORT = { fast: 1, balanced: 4, best: 6 } as const;
