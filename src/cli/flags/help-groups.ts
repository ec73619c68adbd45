/** Flags of `upreel INPUT...` that belong together, by their long names. */
export interface FlagGroup {
  readonly title: string;
  /** What nearly everyone needs. */
  readonly common: readonly string[];
  /** Told by --help-all alone. */
  readonly rest: readonly string[];
}

export const FLAG_GROUPS: readonly FlagGroup[] = [
  {
    title: 'Result',
    common: ['output', 'scale', 'size', 'format', 'quality', 'overwrite'],
    rest: ['lossless', 'short-side', 'fill', 'crop', 'skip-existing', 'recursive', 'strip', 'keep-times', 'compare'],
  },
  {
    title: 'Network',
    common: ['model', 'preset', 'device'],
    rest: [
      ...['denoise', 'colour', 'pre', 'gpu', 'precision', 'tta', 'tile', 'halo', 'memory', 'threads'],
      ...['onnx-range', 'onnx-channels', 'gray', 'alpha', 'no-config'],
    ],
  },
  {
    title: 'Pictures',
    common: [],
    rest: ['flatten', 'effort', 'max-input-megapixels'],
  },
  {
    title: 'Video: the picture',
    common: ['trim'],
    rest: [
      ...['encoder', 'deinterlace', 'ivtc', 'fps', 'post', 'levels', 'chroma', 'depth', 'hwaccel', 'encoder-options'],
      ...['steady', 'no-reuse', 'reuse-threshold', 'shape-change', 'sound', 'gaps'],
    ],
  },
  {
    title: 'Video: what goes along, and damage',
    common: [],
    rest: ['audio', 'subtitles', 'on-decode-error', 'report'],
  },
  {
    title: 'Video: the job',
    common: [],
    rest: ['nice', 'only', 'on-done', 'work-dir', 'segment-seconds', 'restart', 'verify', 'no-space-check'],
  },
  {
    title: 'Output',
    common: ['foreground', 'json'],
    rest: ['dry-run', 'no-tui', 'no-bell', 'verbose', 'version', 'help', 'help-all'],
  },
];

/** The commands, as they are told in short. */
export const COMMAND_GROUPS: readonly { readonly title: string; readonly commands: readonly string[] }[] = [
  { title: 'films at work', commands: ['jobs', 'watch', 'logs', 'pause', 'resume', 'drain', 'wait'] },
  { title: 'their end; many machines', commands: ['cancel', 'move', 'remove', 'submit', 'worker', 'workers'] },
  { title: 'networks, and what they made', commands: ['models', 'presets', 'preview', 'compare', 'eval', 'info'] },
  { title: 'films in parts; editors', commands: ['segment', 'join', 'serve', 'gimp', 'krita', 'help'] },
  { title: 'this machine, the shell', commands: ['doctor', 'tune', 'runtime', 'gpu', 'cache', 'completion'] },
];

/** For the part of --help that everyone reads. */
export const EXAMPLES: readonly (readonly [command: string, what: string])[] = [
  ['upreel photo.jpg', 'photo.upreel-4x.png, beside it'],
  ['upreel photos/ -o big/ --format jpg', 'every picture of a folder'],
  ['upreel tape.avi -o tape.mkv --preset vhs', 'a film, as a job of its own'],
  ['upreel watch', 'look at jobs; q leaves them running'],
];
