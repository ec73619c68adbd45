import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** A folder of this test file's own, removed after its last test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'upreel-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs ffmpeg for a test's own needs: making clips, measuring results. */
export function ffmpeg(...args: string[]): Buffer {
  return execFileSync('ffmpeg', ['-hide_banner', '-nostdin', '-v', 'error', '-y', ...args], {
    maxBuffer: 256 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** A moving test picture as an ffmpeg input. */
export function pattern(seconds: number, { size = '64x48', rate = '25' } = {}): string[] {
  return ['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${rate}:duration=${seconds}`];
}

export function tone(seconds: number, frequency = 440): string[] {
  return ['-f', 'lavfi', '-i', `sine=frequency=${frequency}:duration=${seconds}`];
}

/** x264 with B-frames, quick. */
export const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-g', '20', '-pix_fmt', 'yuv420p'];

/**
 * Marks a clip with colours, and only these: up to ffmpeg 6 the encoder goes by its options, from 7 on by its frames,
 * which a filter marks.
 */
export function colourMarks({ matrix, range, primaries, transfer }: ColourMarks): {
  filter: string;
  options: string[];
} {
  const marks = [
    ['colorspace', 'colorspace', matrix],
    ['range', 'color_range', range],
    ['color_primaries', 'color_primaries', primaries],
    ['color_trc', 'color_trc', transfer],
  ] as const;
  return {
    filter: `setparams=${marks.map(([name, , value]) => `${name}=${value ?? 'unknown'}`).join(':')}`,
    options: marks.flatMap(([, name, value]) => (value === undefined ? [] : [`-${name}`, value])),
  };
}

/** ffmpeg's names. */
interface ColourMarks {
  readonly matrix?: string;
  readonly range?: string;
  readonly primaries?: string;
  readonly transfer?: string;
}

interface ProbedStream {
  readonly index: number;
  readonly codec_type: string;
  readonly codec_name?: string;
  readonly width?: number;
  readonly height?: number;
  readonly channels?: number;
  readonly pix_fmt?: string;
  readonly sample_aspect_ratio?: string;
  readonly color_range?: string;
  readonly color_space?: string;
  readonly color_primaries?: string;
  readonly color_transfer?: string;
  readonly chroma_location?: string;
  readonly disposition: Record<string, number>;
  readonly tags?: Record<string, string>;
  readonly side_data_list?: { readonly rotation?: number }[];
}

interface Probed {
  readonly streams: ProbedStream[];
  readonly chapters: {
    readonly start_time: string;
    readonly end_time: string;
    readonly tags?: Record<string, string>;
  }[];
  readonly format: { readonly duration?: string; readonly start_time?: string; readonly tags?: Record<string, string> };
}

export function probe(file: string): Probed {
  return lookAt(file);
}

interface ProbedPacket {
  readonly stream_index: number;
  readonly pts_time?: string;
  readonly flags: string;
}

/** Everything that tests ask of a file, in one run of ffprobe for as long as the file is what it was. */
function lookAt(file: string): Probed & { readonly packets: readonly ProbedPacket[] } {
  const { ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
  const version = [file, ino, size, mtimeNs, ctimeNs].join(' ');
  let text = looks.get(version);
  if (text === undefined) {
    const show = ['-show_streams', '-show_chapters', '-show_format'];
    const packets = ['-show_entries', 'packet=stream_index,pts_time,flags'];
    const args = ['-v', 'error', ...show, ...packets, '-of', 'json=compact=1', `file:${file}`];
    text = execFileSync('ffprobe', args, { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 });
    looks.set(version, text);
  }
  return JSON.parse(text);
}

const looks = new Map<string, string>();

export function videoOf(file: string): ProbedStream {
  const video = probe(file).streams.find((stream) => stream.codec_type === 'video');
  if (video === undefined) throw new Error(`Expected ${file} to have video.`);
  return video;
}

/**
 * Seconds at which the frames of the first video stream are shown, ascending, NaN for those without a time; frames that
 * are cut away left out.
 */
export function frameTimes(file: string): number[] {
  const { streams, packets } = lookAt(file);
  const video = streams.find((stream) => stream.codec_type === 'video')?.index;
  const shown = packets.filter(({ stream_index, flags }) => stream_index === video && !flags.includes('D'));
  return shown.map(({ pts_time }) => Number(pts_time ?? Number.NaN)).sort((a, b) => a - b);
}

/** One hash per stream of a kind ("a", "s"), over its packets' bytes. */
export function streamHashes(file: string, kind: 'a' | 's'): string[] {
  const text = ffmpeg('-i', `file:${file}`, '-map', `0:${kind}`, '-c', 'copy', '-f', 'streamhash', '-hash', 'md5', '-');
  return text
    .toString()
    .trim()
    .split('\n')
    .map((line) => line.replace(/^.*=/, ''));
}

/** The frames of a file as rgb24, one after the other. @param options filters and the like, before the output. */
export function decodeRgb(file: string, ...options: string[]): Buffer {
  return ffmpeg('-i', `file:${file}`, '-map', '0:v:0', ...options, '-pix_fmt', 'rgb24', '-f', 'rawvideo', '-');
}
