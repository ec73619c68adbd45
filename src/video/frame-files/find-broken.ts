import { ffmpegLines, ProgramError } from '../../core/ffmpeg/ffmpeg.ts';
import { feedFrames, frameInput } from './frame-feed.ts';
import type { FrameFiles } from './frame-files.ts';

/**
 * Which picture it was that the decoder failed at: it has read some more than it gave back.
 * @param from the first frame that was not given back.
 * @returns null if each of the next ones can be decoded alone.
 */
export async function findBroken(frames: FrameFiles, from: number, signal: AbortSignal): Promise<number | null> {
  for (let index = from; index < Math.min(frames.paths.length, from + READ_AHEAD); index++) {
    const one = { ...frames, paths: frames.paths.slice(index, index + 1) };
    const input = frameInput(one);
    const output = { options: ['-xerror', '-map', '0:v:0', '-f', 'null'], target: '-' };
    const plan = { inputs: [{ ...input, options: ['-xerror', ...input.options] }], output };
    try {
      for await (const _line of ffmpegLines(plan, signal, { feed: (target) => feedFrames(one, 0, target) }));
    } catch (error) {
      if (!(error instanceof ProgramError) || error.wasKilled) throw error;
      return index;
    }
  }
  return null;
}

const READ_AHEAD = 8;
