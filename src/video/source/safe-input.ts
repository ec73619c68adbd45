import { INPUT_FORMATS, SOUND_FORMATS, STANDARD_STREAM } from './containers.ts';
import type { VideoInfo } from './video-info.ts';

/** The input options that keep ffmpeg inside one file, and the name that stays a name: for every input we open. */
export function safeInput(path: string): { readonly options: readonly string[]; readonly source: string } {
  if (path === STANDARD_STREAM) return { options: ['-f', 'yuv4mpegpipe'], source: 'pipe:0' };
  return {
    options: ['-protocol_whitelist', 'file,pipe', '-format_whitelist', INPUT_FORMATS.join(',')],
    source: `file:${path}`,
  };
}

/** The same for a file that is asked for its sound. */
export function safeSound(path: string): { readonly options: readonly string[]; readonly source: string } {
  const formats = [...INPUT_FORMATS, ...SOUND_FORMATS].join(',');
  return { options: ['-protocol_whitelist', 'file,pipe', '-format_whitelist', formats], source: `file:${path}` };
}

/** What goes along with the upscaled stream comes from here, and where its clock begins on the film's. */
export interface CarriedInput {
  readonly options: readonly string[];
  readonly source: string;
  readonly startSeconds: number;
}

/** null: there is nothing but frames (standard input, pictures without sound). */
export function carriedInput({ path, frames }: VideoInfo): CarriedInput | null {
  if (frames === undefined) return path === STANDARD_STREAM ? null : { ...safeInput(path), startSeconds: 0 };
  return frames.sound === null ? null : { ...safeSound(frames.sound.path), startSeconds: frames.sound.startSeconds };
}
