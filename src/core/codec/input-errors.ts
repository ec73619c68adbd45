import { systemErrorCode, UpreelError } from '../errors.ts';

/** An error of opening or reading an input file as UpreelError; others pass as they are. */
export function inputError(error: unknown, path: string): unknown {
  switch (systemErrorCode(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new UpreelError('input-missing', `${path} does not exist.`, {
        hint: 'Check the spelling and the folder.',
        cause: error,
      });
    case 'EACCES':
    case 'EPERM':
      return new UpreelError('input-unreadable', `You may not read ${path}.`, {
        hint: 'Change its permissions, or copy it to a place of your own.',
        cause: error,
      });
    case 'ENAMETOOLONG':
    case 'ELOOP':
    case 'EIO':
      return new UpreelError('input-unreadable', `${path} cannot be read.`, {
        hint: 'The file system refuses it: try a copy of the file.',
        cause: error,
      });
    default:
      return error;
  }
}

/** A kind of file that is not read. */
export interface ForeignFormat {
  /** With its article. */
  readonly what: string;
  readonly hint: string;
}

/** The error for a file of a known kind that is not read. */
export function foreignFormat(path: string, { what, hint }: ForeignFormat): UpreelError {
  return new UpreelError('input-unsupported', `${path} is ${what}, which upreel does not read.`, { hint });
}

export const CONVERT = 'Convert it to PNG or TIFF first, for example in GIMP.';

/** A variant of a known format that is not read. @param what continues "... is" or "... has" */
export function unsupportedVariant(path: string, what: string, hint?: string): UpreelError {
  return new UpreelError('input-unsupported', `${path} ${what}, which upreel does not read.`, {
    hint: hint ?? 'Save it as 16-bit PNG or TIFF first, for example in GIMP.',
  });
}
