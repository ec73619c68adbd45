import { measurePicture, type PictureMeasure } from './measure.ts';
import { probeVideo } from './probe.ts';
import { type PacketScan, scanPackets } from './scan.ts';
import { sideBySide } from './side-by-side.ts';
import type { VideoInfo } from './video-info.ts';

/** What a file itself says, before anything is decided. */
export interface SourceFacts {
  readonly source: VideoInfo;
  readonly scan: PacketScan;
  readonly measure: PictureMeasure;
}

/**
 * The packets are listed while samples of the picture are decoded: the one waits for the disk, the other for the
 * processor.
 * @throws UpreelError `input-*`, `ffmpeg-missing`.
 */
export async function readSource(input: string, signal: AbortSignal): Promise<SourceFacts> {
  const source = await probeVideo(input, signal);
  const [scan, measure] = await sideBySide(
    (either) => scanPackets(source.path, source.video.index, either),
    (either) => measurePicture(source, either),
    signal,
  );
  return { source, scan, measure };
}
