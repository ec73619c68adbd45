import { INPUT_FORMATS } from './containers.ts';

/** The input options that keep ffmpeg inside one file, and the name that stays a name: for every input we open. */
export function safeInput(path: string): { readonly options: readonly string[]; readonly source: string } {
  return {
    options: ['-protocol_whitelist', 'file,pipe', '-format_whitelist', INPUT_FORMATS.join(',')],
    source: `file:${path}`,
  };
}
