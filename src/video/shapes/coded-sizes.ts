import { runFfmpeg } from '../../core/ffmpeg/ffmpeg.ts';
import { safeInput } from '../source/safe-input.ts';
import type { VideoInfo } from '../source/video-info.ts';

/** Codecs that may change the size at any frame, whose headers ffmpeg can list without decoding. */
export const TRACED_CODECS: readonly string[] = ['vp9', 'av1'];

/**
 * Fields of VP9's and AV1's headers that say what a picture is like. Sizes taken from another frame are not among them.
 */
const TELLING_FIELDS = new Set([
  ...['frame_width_minus_1', 'frame_height_minus_1', 'max_frame_width_minus_1', 'max_frame_height_minus_1'],
  ...['render_and_frame_size_different', 'render_width_minus_1', 'render_height_minus_1'],
  ...['color_space', 'matrix_coefficients', 'color_range', 'subsampling_x', 'subsampling_y', 'high_bitdepth'],
  ...['profile_low_bit', 'profile_high_bit', 'twelve_bit', 'bit_depth', 'color_primaries', 'transfer_characteristics'],
]);

/**
 * Whether the headers of all frames name the same size and samples. All sizes that a frame may take over from another
 * are named in the other one, so that where only one is named, there is only one.
 */
export async function namesOneShape({ path, video }: VideoInfo, signal: AbortSignal): Promise<boolean> {
  const values = new Map<string, string>();
  let isOne = true;
  const onLine = (line: string) => {
    const [, name = '', value = ''] = FIELD.exec(line) ?? [];
    if (!TELLING_FIELDS.has(name)) return;
    isOne &&= (values.get(name) ?? value) === value;
    values.set(name, value);
  };
  const { options, source } = safeInput(path);
  const plan = {
    inputs: [{ options: ['-loglevel', 'level+info', ...options], source }],
    output: {
      options: ['-map', `0:${video.index}`, '-c', 'copy', '-bsf:v', 'trace_headers', '-f', 'null'],
      target: '-',
    },
  };
  await runFfmpeg(plan, signal, onLine);
  return isOne && values.size > 0;
}

/** "36          frame_width_minus_1                          0000011101111111 = 1919" */
const FIELD = /(\w+)\s+[01]+ = (\d+)$/;
