import { UpreelError } from '../../core/errors.ts';
import type { EncoderName } from '../settings.ts';

/**
 * Where options of an encoder go: to ffmpeg as options of their own, or into the encoder's own string of parameters.
 */
interface AllowedOptions {
  readonly options: readonly string[];
  readonly params: readonly string[];
}

/**
 * What `--encoder-options` may say: how the picture is coded. Left out is what names files (stats, csv, qpfile), what
 * upreel decides (threads, times, colours, rate) and what would make two runs differ.
 */
const ALLOWED: Readonly<Record<EncoderName, AllowedOptions>> = {
  libx264: {
    options: ['preset', 'tune', 'profile', 'level', 'g', 'bf', 'refs'],
    params: [
      ...['aq-mode', 'aq-strength', 'psy-rd', 'deblock', 'me', 'subme', 'merange', 'trellis', 'rc-lookahead'],
      ...['keyint', 'min-keyint', 'qcomp', 'weightp', 'direct', 'b-adapt', 'scenecut'],
    ],
  },
  libx265: {
    options: ['preset', 'tune', 'profile'],
    params: [
      ...[
        'aq-mode',
        'aq-strength',
        'psy-rd',
        'psy-rdoq',
        'rd',
        'rdoq-level',
        'rc-lookahead',
        'deblock',
        'sao',
        'keyint',
      ],
      ...['min-keyint', 'bframes', 'ref', 'me', 'subme', 'merange', 'rskip', 'ctu', 'qcomp', 'cbqpoffs', 'crqpoffs'],
    ],
  },
  libsvtav1: {
    options: ['preset', 'g'],
    params: ['tune', 'film-grain', 'film-grain-denoise', 'aq-mode', 'enable-qm', 'qm-min', 'qm-max', 'keyint', 'scd'],
  },
  'libaom-av1': {
    options: ['cpu-used', 'g', 'tile-columns', 'tile-rows', 'aq-mode', 'lag-in-frames', 'tune', 'denoise-noise-level'],
    params: [],
  },
  'libvpx-vp9': {
    options: [
      ...['deadline', 'cpu-used', 'g', 'tile-columns', 'tile-rows', 'aq-mode', 'lag-in-frames', 'auto-alt-ref'],
      ...['arnr-strength', 'arnr-maxframes', 'tune-content', 'sharpness'],
    ],
    params: [],
  },
  prores_ks: { options: ['profile', 'bits_per_mb', 'quant_mat', 'mbs_per_slice'], params: [] },
  ffv1: { options: ['coder', 'context', 'g', 'slices', 'level'], params: [] },
  png: { options: ['compression_level', 'pred'], params: [] },
  tiff: { options: ['compression_algo'], params: [] },
  y4m: { options: [], params: [] },
  h264_nvenc: { options: ['preset', 'tune', 'profile', 'g', 'bf', 'spatial-aq', 'aq-strength'], params: [] },
  hevc_nvenc: { options: ['preset', 'tune', 'g', 'bf', 'spatial-aq', 'aq-strength'], params: [] },
  av1_nvenc: { options: ['preset', 'tune', 'g', 'spatial-aq', 'aq-strength'], params: [] },
  h264_qsv: { options: ['preset', 'profile', 'g', 'bf', 'look_ahead'], params: [] },
  hevc_qsv: { options: ['preset', 'g', 'bf'], params: [] },
  h264_videotoolbox: { options: ['profile', 'g'], params: [] },
  hevc_videotoolbox: { options: ['g'], params: [] },
};

/** @throws UpreelError `usage` for an option that is not allowed or whose value is more than a word. */
export function splitEncoderOptions(
  encoder: EncoderName,
  asked: Readonly<Record<string, string>>,
): { readonly options: readonly string[]; readonly params: readonly string[] } {
  const allowed = ALLOWED[encoder];
  const options: string[] = [];
  const params: string[] = [];
  for (const [name, value] of Object.entries(asked)) {
    if (!/^[A-Za-z0-9_.,+-]{1,60}$/.test(value)) {
      throw new UpreelError('usage', `--encoder-options ${name} cannot be ${JSON.stringify(value)}.`, {
        hint: 'It takes a word or number; letters, digits and . , + - _ are allowed.',
      });
    }
    if (allowed.options.includes(name)) options.push(`-${name}`, value);
    else if (allowed.params.includes(name)) params.push(`${name}=${value}`);
    else {
      throw new UpreelError('usage', `--encoder-options cannot set ${JSON.stringify(name)} of ${encoder}.`, {
        hint: `It may set ${[...allowed.options, ...allowed.params].join(', ')}.`,
      });
    }
  }
  return { options, params };
}
