import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { nameTooLong, systemErrorCode, UpreelError } from '../../errors.ts';
import { abilitiesOf, checkFormatHolds } from './output-format.ts';
import type { PictureFilePlan } from './picture-file-plan.ts';
import { writeError } from './write-error.ts';
import { writtenSize } from './written-layout.ts';

/** @throws UpreelError `usage` for what the format cannot hold or nobody can mean. */
export function checkPlan(plan: PictureFilePlan): void {
  const { format, alpha, flatten, lossless, quality } = plan;
  const abilities = abilitiesOf(format);
  checkFormatHolds(format, plan.pages.map(writtenSize));
  if (flatten !== null && !/^#[0-9a-f]{6}$/i.test(flatten)) {
    throw new UpreelError('usage', `Expected a colour like #ffffff for \`flatten\`, got ${flatten}.`);
  }
  if (quality !== null && !(quality >= 0 && quality <= 100)) {
    throw new UpreelError('usage', `Expected 0 to 100 for \`quality\`, got ${quality}.`);
  }
  if (alpha && flatten === null && !abilities.alpha) {
    throw new UpreelError('usage', `${abilities.name} has no transparency, but the source has.`, {
      hint: 'Write PNG, WebP or TIFF, or put a colour behind it: --flatten "#ffffff".',
    });
  }
  if (plan.pages.length > 1 && abilities.pages === 'animation' && plan.metadata.delaysMs.length !== plan.pages.length) {
    throw new UpreelError(
      'usage',
      `${abilities.name} holds one picture or an animation; the source's ${plan.pages.length} pages have no times.`,
      {
        hint: 'Write .tif, which holds a document of several pages.',
      },
    );
  }
  if (lossless && abilities.lossless === 'never') {
    throw new UpreelError('usage', `${abilities.name} cannot be lossless.`, {
      hint: 'Write PNG, TIFF or lossless WebP.',
    });
  }
}

/** @throws UpreelError if the file exists or its folder cannot be written to: better now than after the work. */
export async function checkDestination(path: string, overwrite: boolean): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENAMETOOLONG') throw nameTooLong(path, error);
    return null;
  });
  if (found !== null && (!overwrite || !found.isFile())) {
    throw new UpreelError('output-exists', `${path} exists already${found.isFile() ? '' : ' and is not a file'}.`, {
      hint: found.isFile() ? 'Choose another name with -o, or add --overwrite.' : 'Choose another name with -o.',
    });
  }
  try {
    await access(dirname(path), constants.W_OK);
  } catch (error) {
    throw writeError(error, path);
  }
}

/** Samples as the format holds them, and what is to be said of it. */
export function chooseDepth({ format, bytesPerSample }: PictureFilePlan): {
  bytesPerSample: 1 | 2;
  warning: string | null;
} {
  const { name, sixteenBit } = abilitiesOf(format);
  if (bytesPerSample === 1 || sixteenBit) return { bytesPerSample, warning: null };
  return {
    bytesPerSample: 1,
    warning: `${name} is written with 8 bits a sample; the source has more: PNG and TIFF keep them.`,
  };
}
