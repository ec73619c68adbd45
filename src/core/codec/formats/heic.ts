import type { StillFormat } from '../definition/still-format.ts';
import { heifBrands } from '../heif/heif-brands.ts';

/** HEIF with HEVC inside, as phones write it. @see ISO/IEC 23008-12 */
export const heic = {
  name: 'HEIC',
  extensions: ['.heic', '.heif', '.hif', '.heics', '.heifs'],
  mark: (_, head) => heifBrands(head).some((brand) => HEIF_BRAND.test(brand)),
  read: { by: 'libheif' },
} satisfies StillFormat;

/** HEIF whatever is inside (ISO/IEC 23008-12, annexes B to L): the description of its items says what that is. */
const HEIF_BRAND = /^(hei[cxms]|hev[cxms]|mif[123]|msf1|avci|avcs|jpeg|jpgs|j2ki|j2is|vvic|evbi|unif)$/;
