import type { DeviceName } from '../../core/device-name.ts';
import { AUTOMATIC_NETWORK, type NetworkSettings } from '../../core/upscaler/network-settings.ts';
import { readVideoFrame, type VideoFrame, videoSettingsSchema } from '../../video/index.ts';
import { readFlagLayers } from '../flags/flag-layers.ts';
import { networkSettings } from '../flags/upscale-options.ts';
import { videoSettings } from '../flags/video-settings.ts';

/** What is tried on a frame: a network by itself, or a preset with what it does to the picture before. */
export interface PreviewAttempt {
  /** As it is told: the model, or `preset vhs`. */
  readonly name: string;
  readonly settings: NetworkSettings;
  /** The frame as the network gets it. */
  readFrame(): Promise<VideoFrame>;
}

export function modelAttempt(model: string, device: NetworkSettings['device'], frame: VideoFrame): PreviewAttempt {
  return { name: model, settings: { ...AUTOMATIC_NETWORK, model, device }, readFrame: async () => frame };
}

/** @throws UpreelError `usage` for a preset that does not exist. */
export async function presetAttempt(
  preset: string,
  device: DeviceName | 'auto',
  { video, at, signal }: { readonly video: string; readonly at: number; readonly signal: AbortSignal },
): Promise<PreviewAttempt> {
  const layers = await readFlagLayers({ preset, device });
  const flags = layers.flagsFor('video');
  const settings = videoSettingsSchema.parse({ ...videoSettings(flags), gaps: 'skip' });
  return {
    name: `preset ${preset}`,
    settings: networkSettings(flags),
    readFrame: () => readVideoFrame(video, at, signal, settings),
  };
}
