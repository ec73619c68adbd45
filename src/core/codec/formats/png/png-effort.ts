/**
 * Milliseconds and size for a megapixel that a network made: 30 and 1.6 times, 75 and 1, 180 and 0.95 (docs/stills.md).
 */
export const PNG_EFFORT = {
  fast: { compressionLevel: 1, adaptiveFiltering: false },
  balanced: { compressionLevel: 3, adaptiveFiltering: true },
  best: { compressionLevel: 9, adaptiveFiltering: true },
} as const;
