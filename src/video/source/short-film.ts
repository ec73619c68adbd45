/**
 * Of a file that is no larger, all that is to be known is read in as few runs of ffmpeg as can be, at the price of
 * listing more than is needed: to start a program takes longer.
 */
export function isShort(fileBytes: number): boolean {
  return fileBytes <= SHORT_BYTES;
}

/** A minute of a good camera. */
const SHORT_BYTES = 32 * 1024 * 1024;
