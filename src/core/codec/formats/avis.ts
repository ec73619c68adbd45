import type { StillFormat } from '../definition/still-format.ts';
import { heifBrands } from '../heif/heif-brands.ts';

/** An animated AVIF, which is another format to its reader alone: it is written as AVIF. */
export const avis = {
  name: 'animated AVIF',
  extensions: ['.avifs'],
  mark: (_, head) => heifBrands(head)[0] === 'avis',
  read: { by: 'ffmpeg-tracks' },
  isFilm: async () => true,
} satisfies StillFormat;
