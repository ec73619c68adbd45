import { UpreelError } from '../../core/errors.ts';
import { isSequenceName } from '../../core/files/sequence-name.ts';
import type { VideoSettings } from '../settings.ts';
import { containerFor } from '../source/containers.ts';
import { type HdrMetadata, readHdr, refuseWithoutBase } from '../source/hdr.ts';
import type { SourceFacts } from '../source/read-source.ts';
import { planStreams } from '../source/streams.ts';
import type { VideoInfo } from '../source/video-info.ts';
import type { FrameList } from './frame-list.ts';
import { listFrames } from './list-frames.ts';
import { originOf } from './origin.ts';
import type { PicturePlan } from './picture-plan.ts';
import { planPicture } from './plan-picture.ts';

export interface PreparedPicture {
  readonly picture: PicturePlan;
  readonly frames: FrameList;
  readonly hdr: HdrMetadata;
}

/**
 * Decides what happens to it before the network, and lists the frames that come of it.
 * @throws UpreelError `usage`.
 */
export async function preparePicture(
  { source, scan, measure }: SourceFacts,
  { output, settings }: { readonly output: string; readonly settings: VideoSettings },
  signal: AbortSignal,
): Promise<PreparedPicture> {
  const origin = originOf(source, planStreams(source, containerFor(output), settings));
  const picture = planPicture(source, settingsFor(output, settings), measure, origin);
  const hdr = mayBeHdr(source) ? await readHdr(source, signal) : NO_HDR;
  refuseWithoutBase(hdr, source.path);
  const conceals = settings.onDecodeError === 'conceal';
  return { picture, hdr, frames: await listFrames(source, scan, picture, conceals, signal) };
}

/** RGB that is looked at has no room below black and above white. @throws UpreelError `usage` if that was asked for. */
export function settingsFor(output: string, settings: VideoSettings): VideoSettings {
  if (!isSequenceName(output)) return settings;
  if (settings.levels !== 'keep') return { ...settings, levels: 'clip' };
  throw new UpreelError('usage', '--levels keep is for video: pictures in RGB have no room below black.', {
    hint: 'Leave it out, or write a video.',
  });
}

function mayBeHdr({ video, frames }: VideoInfo): boolean {
  return frames === undefined && (video.bitsPerSample > 8 || video.sideData.length > 0);
}

const NO_HDR: HdrMetadata = { mastering: null, light: null, dynamic: [], dolbyVision: null };
