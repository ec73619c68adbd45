const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const;

/** An amount of bytes for people: decimal units, as disks and download pages have them. */
export function byteText(bytes: number): string {
  const step = Math.min(UNITS.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const digits = step === 0 ? 0 : step === 3 ? 2 : 1;
  return `${(bytes / 1000 ** step).toFixed(digits)} ${UNITS[step]}`;
}
