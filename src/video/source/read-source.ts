import { UpreelError } from '../../core/errors.ts';
import { isFramesInput, readFrames } from '../frame-files/index.ts';
import { nominalRate } from '../plan/nominal-rate.ts';
import type { VideoSettings } from '../settings.ts';
import { type ShapeRun, scanShapes } from '../shapes/index.ts';
import { sideBySide } from '../side-by-side.ts';
import { measurePicture, type PictureMeasure } from './measure.ts';
import { probeFilm } from './probe-film.ts';
import type { PacketScan } from './scan.ts';
import type { StreamWarning } from './streams.ts';
import type { VideoInfo } from './video-info.ts';

/** What a file itself says, or pictures that are a film's frames, before anything is decided. */
export interface SourceFacts {
  readonly source: VideoInfo;
  readonly scan: PacketScan;
  /** Where the pictures' shape changes; empty: nowhere. */
  readonly shapes: readonly ShapeRun[];
  readonly measure: PictureMeasure;
  readonly warnings: readonly StreamWarning[];
}

/**
 * The packets are listed while samples of the picture are decoded: the one waits for the disk, the other for the
 * processor.
 * @throws UpreelError `input-*`, `ffmpeg-missing`; `usage` for what goes with pictures only.
 */
export async function readSource(input: string, settings: VideoSettings, signal: AbortSignal): Promise<SourceFacts> {
  if (await isFramesInput(input, settings)) {
    const film = await readFrames(input, settings, signal);
    return { ...film, shapes: [], measure: await measurePicture(film.source, settings, signal) };
  }
  if (settings.sound !== null) {
    throw new UpreelError('usage', '--sound gives pictures their sound; a video keeps its own.', {
      hint: 'Name the pictures (frames/%06d.png), or leave --sound out.',
    });
  }
  const { source, packets } = await probeFilm(input, signal);
  const [{ scan, runs }, measure] = await sideBySide(
    (either) => scanShapes(source, either, packets),
    (either) => measurePicture(source, settings, either),
    signal,
  );
  return { source: withNominalRate(source, scan), scan, shapes: runs, measure, warnings: [] };
}

/** The average that a file tells is of rounded times, if it counts in milliseconds. */
function withNominalRate(source: VideoInfo, { ptsTicks }: PacketScan): VideoInfo {
  const { frameRate: average, baseRate, timeBase } = source.video;
  const frameRate = nominalRate(average, baseRate, { ptsTicks, timeBase }) ?? average;
  const video = { ...source.video, frameRate };
  const streams = source.streams.map((stream) => (stream === source.video ? video : stream));
  return Object.freeze({ ...source, video, streams });
}

/** The rate that was asked for is the pictures' own, and no other one. */
export function settingsOf({ source }: Pick<SourceFacts, 'source'>, settings: VideoSettings): VideoSettings {
  return source.frames === undefined ? settings : { ...settings, fps: null };
}
