import { inflateSync } from 'node:zlib';
import { startFfmpeg } from '../../ffmpeg/ffmpeg.ts';
import type { PictureMetadata } from '../metadata/metadata.ts';
import { explain, type FfmpegSource, inputOf, keepFirst, type ProbedStream } from './run.ts';

/**
 * What colours the samples of a JPEG XL are, which is coded so that only its decoder can tell: code points as PNG's
 * cICP, or a profile, for which ffmpeg is asked to write a PNG of one pixel.
 */
export async function decoderColour(
  source: FfmpegSource,
  { primaries, transfer }: ProbedStream,
): Promise<Partial<PictureMetadata>> {
  if (primaries === 'unknown' && transfer === 'unknown') return { icc: await readProfile(source) };
  const [from, curve] = [PRIMARIES[primaries], TRANSFERS[transfer]];
  // sRGB is what everybody assumes.
  if (from === undefined || curve === undefined || (from === 1 && curve === 13)) return {};
  return { pngColour: [{ type: 'cICP', data: Buffer.from([from, curve, 0, 1]) }] };
}

/** ISO/IEC 23091-2, by ffmpeg's names. */
const PRIMARIES: Readonly<Record<string, number>> = {
  bt709: 1,
  bt470m: 4,
  bt470bg: 5,
  smpte170m: 6,
  smpte240m: 7,
  film: 8,
  bt2020: 9,
  smpte428: 10,
  smpte431: 11,
  smpte432: 12,
};

const TRANSFERS: Readonly<Record<string, number>> = {
  bt709: 1,
  gamma22: 4,
  bt470m: 4,
  gamma28: 5,
  bt470bg: 5,
  smpte170m: 6,
  linear: 8,
  'iec61966-2-1': 13,
  smpte2084: 16,
  smpte428: 17,
  'arib-std-b67': 18,
};

async function readProfile(source: FfmpegSource): Promise<Uint8Array | null> {
  const messages: string[] = [];
  const options = ['-map', '0:v:0', '-frames:v', '1', '-vf', 'crop=1:1:0:0', '-c:v', 'png', '-f', 'image2pipe'];
  const program = startFfmpeg(
    { inputs: [inputOf(source)], output: { options, target: 'pipe:1' } },
    new AbortController().signal,
    { onLine: keepFirst(messages) },
  );
  try {
    program.stdin.end();
    const parts: Buffer[] = [];
    for await (const chunk of program.stdout as AsyncIterable<Buffer>) parts.push(chunk);
    await program.finished();
    return profileIn(Buffer.concat(parts));
  } catch (error) {
    throw explain(error, source, messages);
  } finally {
    await program.stop();
  }
}

function profileIn(png: Buffer): Uint8Array | null {
  const at = png.indexOf('iCCP', 0, 'latin1');
  if (at < 4) return null;
  const data = png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4));
  return inflateSync(data.subarray(data.indexOf(0) + 2), { maxOutputLength: MAX_PROFILE_BYTES });
}

const MAX_PROFILE_BYTES = 64 * 1024 * 1024;
