import type { OutputEnding } from '../formats/list.ts';

type NameIn<Ending> = Ending extends `.${infer Name}` ? Name : never;

/**
 * What results may be asked to be, where no name decides, in the order of the help: endings of formats that are
 * written, and `same`, what the source is. Here alone, since the command line needs them whenever it starts, and the
 * formats' code only when there is a picture.
 */
export const FORMAT_CHOICES = [
  ...(['jpg', 'png', 'webp', 'tiff', 'avif', 'gif', 'apng', 'jxl', 'bmp', 'pnm', 'exr', 'same'] as const),
] as const satisfies readonly (NameIn<OutputEnding> | 'same')[];
export type FormatChoice = (typeof FORMAT_CHOICES)[number];
