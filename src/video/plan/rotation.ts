/** As ffmpeg turns pictures by itself. @param degrees counter-clockwise, as in the display matrix. */
export function rotationFilters(degrees: number): string[] {
  switch ((Math.round(degrees / 90) + 4) % 4) {
    case 1:
      return ['transpose=cclock'];
    case 2:
      return ['hflip', 'vflip'];
    case 3:
      return ['transpose=clock'];
    default:
      return [];
  }
}
