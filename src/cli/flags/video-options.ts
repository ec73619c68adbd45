import { resolve } from 'node:path';
import { Option } from 'commander';
import { z } from 'zod';
import { UpreelError } from '../../core/errors.ts';
import { FILLS } from '../../core/pixels/fill.ts';
import { GRAY_MODES } from '../../core/pixels/gray.ts';
import { type VideoSettings, videoSettingsSchema } from '../../video/index.ts';

/** The flags that only video has: what happens to the picture, and how it is coded. */
export function videoFlags(): Option[] {
  const choice = (flags: string, text: string, names: readonly string[]) =>
    new Option(flags, `video: ${text}`).choices(names);
  return [
    choice('--deinterlace <mode>', 'auto finds interlaced video; bob makes a frame of every field', [
      'auto',
      'off',
      'on',
      'bob',
    ]),
    choice('--ivtc <mode>', 'take telecined film back to 24 frames a second', ['auto', 'off', 'on']),
    new Option('--trim <from-to>', 'video: only this part, for example 1:00-1:30 or 90-'),
    new Option('--crop <WxH+X+Y>', 'only this part of the picture; video: auto leaves out black borders'),
    new Option('--fill <how>', 'how --size WxH is filled by another shape').choices(FILLS),
    choice(
      '--shape-change <what>',
      'pictures of other sizes or pixels within a film are fitted on one canvas, or refused',
      [...['fit', 'refuse']],
    ),
    new Option('--fps <rate>', 'video: another frame rate, by repeating and leaving out frames; of pictures: theirs'),
    new Option('--sound <file>', 'pictures as a film: the sound of this file, from the first picture on'),
    choice('--gaps <what>', 'missing numbers of pictures stop the work, show the one before, or are passed over', [
      ...['fail', 'hold', 'skip'],
    ]),
    new Option('--pre <filters>', 'ffmpeg filters before the network, for example hqdn3d=3 or median'),
    new Option('--post <filters>', 'video: ffmpeg filters after the network, for example unsharp'),
    new Option('--alpha <mode>', 'transparency; video: drop or keep; pictures: by the network or by lanczos').choices([
      ...['drop', 'keep', 'network', 'lanczos'],
    ]),
    new Option('--gray <mode>', 'whether what is stored in colours is gray, and stays so; default: auto').choices(
      GRAY_MODES,
    ),
    choice('--levels <mode>', 'levels below black and above white', ['auto', 'keep', 'clip']),
    choice('--chroma <kind>', 'colour resolution of the result', ['auto', '420', '422', '444']),
    choice('--depth <bits>', 'bits per sample of the result; 16 in pictures only', ['auto', '8', '10', '16']),
    new Option(
      '--hwaccel <name>',
      'video: decode on hardware if that gives the same frames: auto, cuda, vaapi, qsv, ...',
    ),
    new Option('--lossless', 'code without loss'),
    new Option('--encoder-options <name=value...>', 'video: options of the encoder, for example preset=slow g=48'),
    choice('--on-decode-error <what>', 'a damaged picture stops the work, or is concealed', ['fail', 'conceal']),
    choice('--audio <how>', 'sound that the result cannot hold is converted; or copied or else refused; or left out', [
      ...['auto', 'copy', 'none'],
    ]),
    choice('--subtitles <how>', 'subtitles alike', ['auto', 'copy', 'none']),
    new Option('--report <file>', 'video: write what was done and checked as JSON'),
  ];
}

export const videoFlagShape = {
  report: z.string().min(1).optional(),
  deinterlace: z.enum(['auto', 'off', 'on', 'bob']).optional(),
  ivtc: z.enum(['auto', 'off', 'on']).optional(),
  trim: z.string().optional(),
  crop: z.string().optional(),
  fill: z.enum(FILLS).optional(),
  shapeChange: z.enum(['fit', 'refuse']).optional(),
  fps: z.string().optional(),
  sound: z.string().min(1).optional(),
  gaps: z.enum(['fail', 'hold', 'skip']).optional(),
  pre: z.string().optional(),
  post: z.string().optional(),
  alpha: z.enum(['drop', 'keep', 'network', 'lanczos']).optional(),
  gray: z.enum(GRAY_MODES).optional(),
  levels: z.enum(['auto', 'keep', 'clip']).optional(),
  chroma: z.enum(['auto', '420', '422', '444']).optional(),
  depth: z.enum(['auto', '8', '10', '16']).optional(),
  hwaccel: videoSettingsSchema.unwrap().shape.hwaccel.unwrap().optional(),
  lossless: z.boolean().optional(),
  encoderOptions: z.array(z.string()).optional(),
  onDecodeError: z.enum(['fail', 'conceal']).optional(),
  audio: z.enum(['auto', 'copy', 'none']).optional(),
  subtitles: z.enum(['auto', 'copy', 'none']).optional(),
};

type VideoFlags = z.output<z.ZodObject<typeof videoFlagShape>>;

/** Those that were given, as settings. @throws UpreelError `usage`. */
export function frameSettings(flags: VideoFlags): Partial<VideoSettings> {
  const { trim, crop, fps, sound, encoderOptions, alpha, ...plain } = flags;
  const settings = {
    ...plain,
    alpha: alpha === undefined ? undefined : videoAlpha(alpha),
    ...(trim === undefined ? {} : { trim: parseTrim(trim) }),
    ...(crop === undefined ? {} : { crop: parseCrop(crop) }),
    ...(fps === undefined ? {} : { fps: parseRate(fps) }),
    ...(sound === undefined ? {} : { sound: sound.startsWith('s3://') ? sound : resolve(sound) }),
    ...(encoderOptions === undefined ? {} : { encoderOptions: parsePairs(encoderOptions) }),
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

/** `network` is what keeping means for video. */
function videoAlpha(alpha: NonNullable<VideoFlags['alpha']>): VideoSettings['alpha'] {
  if (alpha === 'lanczos') throw wrong('--alpha', alpha, 'drop or keep for videos');
  return alpha === 'drop' ? 'drop' : 'keep';
}

/** "0:10-1:02:03.5", "90-" and "-20". */
export function parseTrim(text: string): NonNullable<VideoSettings['trim']> {
  const [from, to, more] = text.split('-');
  const startSeconds = from === '' ? 0 : parseTime(from);
  const endSeconds = to === '' ? null : parseTime(to);
  const isWhole = from === '' && to === '';
  if (more !== undefined || startSeconds === undefined || endSeconds === undefined || isWhole) {
    throw wrong('--trim', text, 'a part such as 0:10-0:20, 90- or -1:00:00');
  }
  if (endSeconds !== null && endSeconds <= startSeconds) throw wrong('--trim', text, 'an end after the beginning');
  return { startSeconds, endSeconds };
}

/** "[[h:]m:]s" with decimals. */
function parseTime(text: string | undefined): number | undefined {
  if (text === undefined || !/^(\d+:){0,2}\d+(\.\d+)?$/.test(text)) return undefined;
  return text.split(':').reduce((total, part) => 60 * total + Number(part), 0);
}

export function parseCrop(text: string): VideoSettings['crop'] {
  if (text === 'auto' || text === 'off') return text;
  const numbers = /^(\d{1,6})x(\d{1,6})\+(\d{1,6})\+(\d{1,6})$/.exec(text)?.slice(1).map(Number);
  const [width = 0, height = 0, x = 0, y = 0] = numbers ?? [];
  if (width < 1 || height < 1) throw wrong('--crop', text, 'auto, or a place such as 640x360+0+60');
  return { width, height, x, y };
}

/** "25", "30000/1001", and the usual short forms of fractions: 23.976, 29.97, 59.94. */
export function parseRate(text: string): NonNullable<VideoSettings['fps']> {
  const [, num = '', den = '1'] = /^(\d{1,6})(?:\/(\d{1,6}))?$/.exec(text) ?? [];
  if (Number(num) > 0 && Number(den) > 0) return { num: Number(num), den: Number(den) };
  const rate = /^\d{1,3}\.\d{1,6}$/.test(text) ? Number(text) : 0;
  if (rate <= 0) throw wrong('--fps', text, 'a rate such as 25, 23.976 or 30000/1001');
  const ntsc = Math.round(rate) * 1000;
  if (Math.abs(ntsc / 1001 - rate) < 0.005) return { num: ntsc, den: 1001 };
  return { num: Math.round(rate * 1000), den: 1000 };
}

function parsePairs(texts: readonly string[]): Record<string, string> {
  const pairs = texts.map((text) => {
    const [, name, value] = /^([A-Za-z0-9_-]+)=(.+)$/.exec(text) ?? [];
    if (name === undefined || value === undefined) throw wrong('--encoder-options', text, 'name=value');
    return [name, value] as const;
  });
  return Object.fromEntries(pairs);
}

function wrong(flag: string, text: string, expected: string): UpreelError {
  return new UpreelError('usage', `${flag} takes ${expected}, got ${JSON.stringify(text)}.`, {
    hint: 'See upreel --help.',
  });
}
