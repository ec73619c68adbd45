import { INPUT_FORMATS, STANDARD_STREAM } from './containers.ts';

/** The input options that keep ffmpeg inside one file, and the name that stays a name: for every input we open. */
export function safeInput(path: string): { readonly options: readonly string[]; readonly source: string } {
  if (path === STANDARD_STREAM) return { options: ['-f', 'yuv4mpegpipe'], source: 'pipe:0' };
  return {
    options: ['-protocol_whitelist', 'file,pipe', '-format_whitelist', INPUT_FORMATS.join(',')],
    source: `file:${path}`,
  };
}
