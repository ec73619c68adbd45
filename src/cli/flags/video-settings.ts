import { resolve } from 'node:path';
import { UpreelError } from '../../core/errors.ts';
import { type VideoSettings, videoSettingsSchema } from '../../video/index.ts';
import { presetOf, type UpscaleFlags } from './upscale-options.ts';
import { frameSettings } from './video-options.ts';

/** @throws UpreelError `usage` for an encoder or filter that upreel does not know, and for values out of range. */
export function videoSettings(flags: UpscaleFlags): Omit<VideoSettings, 'target'> {
  const { encoder, quality, overwrite, workDir, reuse, reuseThreshold } = flags;
  const { steady, segmentSeconds, restart, verify, spaceCheck, stallSeconds, strip, keepTimes } = flags;
  const parsed = videoSettingsSchema.safeParse({
    ...(encoder === undefined ? {} : { encoder }),
    ...(quality === undefined ? {} : { quality }),
    ...(workDir === undefined ? {} : { workDir: resolve(workDir) }),
    ...(reuseThreshold === undefined ? {} : { reuseThreshold }),
    ...(steady === undefined ? {} : { steady }),
    ...frameSettings(flags),
    ...(segmentSeconds === undefined ? {} : { segmentSeconds }),
    ...(verify === undefined ? {} : { verify }),
    ...(stallSeconds === undefined ? {} : { stallSeconds }),
    overwrite,
    reuse,
    restart,
    spaceCheck,
    strip,
    keepTimes,
    preset: presetOf(flags),
  });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new UpreelError('usage', `--${String(issue.path[0])}: ${issue.message}.`, { hint: 'See upreel --help.' });
}
