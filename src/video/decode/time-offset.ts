import { FORMATS_THAT_JUMP } from '../source/containers.ts';

/**
 * ffmpeg's option of an input that adds `seconds` to all of its times.
 *
 * Before ffmpeg 6 an offset of exactly minus the file's start counts as ffmpeg's own, in formats whose times may jump:
 * it is replaced by minus the start of those streams that are used. Sound that begins later than the picture would
 * begin with it. A microsecond beside that is less than half a tick of these formats, and so nothing.
 * @param formatName ffmpeg's, all aliases.
 */
export function timeOffset(seconds: number, formatName: string): string[] {
  const mayJump = formatName.split(',').some((name) => FORMATS_THAT_JUMP.includes(name));
  const offset = mayJump ? seconds + 1e-6 : seconds;
  return offset === 0 ? [] : ['-itsoffset', offset.toFixed(6)];
}
