import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { UpreelError } from '../../src/core/errors.ts';
import { dropPictures } from '../support/avi.ts';
import { ffmpeg, H264, probe, temporaryFolder } from '../support/clips.ts';
import { delays, flashes, onsets } from '../support/sync.ts';
import { upscaleClip } from '../support/upscale-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const film = (name: string, codecs: readonly string[], how: Parameters<typeof flashes>[2] = {}) =>
  ffmpeg(...flashes(5, [0.6, 2.2, 3.8], how), ...codecs, at(name));
const AVC = [...H264, '-g', '25', '-c:a', 'aac'];

interface Recording {
  readonly title: string;
  readonly name: string;
  /** Container of the result. */
  readonly to: 'mkv' | 'mp4';
  readonly make: (name: string) => void;
  /** What the refusal says, where the default is one. */
  readonly refusal?: RegExp;
  /** What is said of the film that is made. */
  readonly said: RegExp;
  /** Flashes that the source still has. */
  readonly flashes: number;
}

const RECORDINGS: readonly Recording[] = [
  {
    ...{ title: 'cut off by a full disk', name: 'cut.mkv', to: 'mp4', flashes: 2 },
    make: (name) => cut(name, AVC, 0.7),
    refusal: /is cut off after frame \d+ .* About \d+ frames \(\d\.\d s\) are missing at its end/,
    said: /is cut off after frame/,
  },
  {
    ...{ title: 'half downloaded', name: 'half.mp4', to: 'mkv', flashes: 2 },
    make: (name) => cut(name, [...AVC, '-movflags', '+faststart'], 0.7),
    refusal: /is cut off after frame \d+ .* are missing at its end/,
    said: /is cut off after frame/,
  },
  {
    ...{ title: 'of a tape that gave up, without an index', name: 'capture.avi', to: 'mp4', flashes: 2 },
    make: (name) => cut(name, ['-c:v', 'mpeg4', '-c:a', 'mp3'], 0.7),
    refusal: /is cut off after frame/,
    said: /is cut off after frame/,
  },
  {
    ...{ title: 'with broken pictures', name: 'noisy.mkv', to: 'mkv', flashes: 3 },
    make: (name) => {
      film('noiseless.mkv', AVC);
      ffmpeg('-i', at('noiseless.mkv'), '-c', 'copy', '-bsf:v', 'noise=amount=300', at(name));
    },
    refusal: /damaged at frame \d+ .* Looked through: .*\d+ pictures? \(\d+\.\d+ s\)/,
    said: /damaged in the source and patched|cannot be decoded, and left out/,
  },
  {
    ...{ title: 'of a broadcast with a hole', name: 'hole.ts', to: 'mp4', flashes: 2 },
    make: (name) => {
      const stream = transport(AVC);
      writeFileSync(at(name), Buffer.concat([part(stream, 0, 0.4), part(stream, 0.6, 1)]));
    },
    refusal: /is damaged/,
    said: /missing in the source|is damaged/,
  },
  {
    ...{ title: 'of a broadcast without its first key frame', name: 'nokey.ts', to: 'mkv', flashes: 2 },
    make: (name) => writeFileSync(at(name), part(transport(AVC), 0.15, 1)),
    said: /come before the first key frame: the picture begins at 0:00:00\.\d+/,
  },
  {
    ...{ title: 'of a broadcast whose sound has a gap', name: 'silence.ts', to: 'mp4', flashes: 3 },
    make: (name) => writeFileSync(at(name), silenced(transport(AVC), 30, 50)),
    said: /has a gap in the source \(\d\.\d+ s\): .* Silence stands for it/,
  },
  {
    ...{ title: 'with scrambled sound beside a good one', name: 'scrambled.ts', to: 'mkv', flashes: 3 },
    make: (name) => {
      const stream = ffmpeg(
        ...flashes(5, [0.6, 2.2, 3.8]),
        ...['-map', '0:v', '-map', '1:a', '-map', '1:a'],
        ...AVC,
        ...TS,
      );
      writeFileSync(at(name), scramble(stream, SOUND_PID + 1));
    },
    said: /Audio stream 2 \(aac\) cannot be read .* left out/,
  },
  {
    ...{ title: 'whose sound begins late', name: 'late.mkv', to: 'mp4', flashes: 3 },
    make: (name) => film(name, AVC, { lateSound: 0.35 }),
    said: /^$/,
  },
  {
    ...{ title: 'of a capture with dropped frames', name: 'dropped.avi', to: 'mp4', flashes: 3 },
    make: (name) => {
      film(name, ['-c:v', 'mpeg4', '-g', '300', '-c:a', 'mp3']);
      const avi = readFileSync(at(name));
      expect(dropPictures(avi, (picture) => picture > 64 && picture < 80)).toBe(15);
      writeFileSync(at(name), avi);
    },
    said: /15 of \d+ packets of the video mean "as before"/,
  },
  {
    ...{ title: 'of a telephone at an odd rate', name: 'odd.mp4', to: 'mkv', flashes: 3 },
    make: (name) => film(name, AVC, { rate: '300003/10000' }),
    said: /^$/,
  },
  {
    ...{ title: 'of a tape as a DVD recorder wrote it, cut anywhere', name: 'tape.mpg', to: 'mkv', flashes: 2 },
    make: (name) => {
      film('whole.mpg', ['-c:v', 'mpeg2video', '-bf', '2', '-g', '12', '-c:a', 'mp2', '-f', 'dvd']);
      const whole = readFileSync(at('whole.mpg'));
      const packs = Math.floor(whole.length / 2048);
      writeFileSync(at(name), whole.subarray(2048 * Math.floor(packs * 0.2)));
    },
    said: /come before the first key frame/,
  },
  {
    ...{ title: 'of a broadcast whose picture changes its shape', name: 'shape.ts', to: 'mp4', flashes: 3 },
    make: (name) => {
      const stream = transport([...AVC, '-force_key_frames', '2.52']);
      writeFileSync(at('all.ts'), stream);
      const part = (file: string, options: readonly string[]) =>
        ffmpeg('-i', at('all.ts'), ...options, ...AVC, '-muxdelay', '0', '-muxpreload', '0', '-f', 'mpegts', at(file));
      part('narrow.ts', ['-t', '2.52']);
      part('wide.ts', ['-ss', '2.52', '-vf', 'scale=96:48,setsar=1']);
      writeFileSync(at('parts.txt'), 'file narrow.ts\nfile wide.ts\n');
      ffmpeg('-f', 'concat', '-i', at('parts.txt'), '-c', 'copy', at(name));
    },
    said: /The picture changes within the film: 64x48 at first; 96x48 from 0:00:02\.\d+ on/,
  },
];

describe('A recording', () => {
  const rows: string[] = [];
  test.each(RECORDINGS)(
    '$title comes out in step with its sound',
    async ({ title, name, to, make, refusal, said, flashes }) => {
      make(name);
      const output = at(`${name}.out.${to}`);
      const first = await upscaleClip(at(name), output).catch((error: UpreelError) => error);
      const refused = first instanceof Error ? first : null;
      expect(refused).toEqual(refusal === undefined ? null : expect.objectContaining({ code: 'input-damaged' }));
      expect(refused?.message ?? '').toMatch(refusal ?? /^$/);
      expect(refused?.hint ?? CONCEAL).toContain(CONCEAL);
      const settings = { onDecodeError: 'conceal' } as const;
      const { events, framesTotal } =
        first instanceof Error ? await upscaleClip(at(name), output, { settings }) : first;

      const told = events
        .flatMap((event) => (event.type === 'warning' && ABOUT.includes(event.code) ? event.message : []))
        .join(' ');
      expect(told).toMatch(said);
      const [before, after] = [delays(onsets(at(name))), delays(onsets(output))];
      expect(after.length).toBeGreaterThanOrEqual(flashes);
      expect(after.length).toBe(before.length);
      // A clock of milliseconds for either of the two, in Matroska.
      const worst = Math.max(...after.map((delay, index) => Math.abs(delay - before[index]!)));
      expect(worst).toBeLessThanOrEqual(2);
      rows.push(rowOf({ title, name, output }, refused, { frames: framesTotal, told }, worst));
    },
  );

  afterAll(() => {
    if (rows.length < RECORDINGS.length || process.env.UPREEL_WRITE_DOCS !== '1') return;
    writeFileSync(new URL('../../docs/odd-recordings.md', import.meta.url), documentOf(rows));
  });
});

const ABOUT: readonly string[] = ['damage', 'frames-hidden', 'sound-gap', 'stream-dropped', 'shape-change'];
const CONCEAL = '--on-decode-error conceal';
const TS = ['-f', 'mpegts', '-'];
/** As ffmpeg numbers its streams. */
const PICTURE_PID = 0x100;
const SOUND_PID = 0x101;

function cut(name: string, codecs: readonly string[], share: number): void {
  film(name, codecs);
  truncateSync(at(name), Math.floor(statSync(at(name)).size * share));
}

function transport(codecs: readonly string[]): Buffer {
  return ffmpeg(...flashes(5, [0.6, 2.2, 3.8]), ...codecs, ...TS);
}

/** What a receiver loses, it loses in packets of 188 bytes. */
function part(stream: Buffer, from: number, to: number): Buffer {
  const packets = Math.floor(stream.length / 188);
  return stream.subarray(Math.floor(packets * from) * 188, Math.floor(packets * to) * 188);
}

/** Takes away the sound that lies between two pictures of the stream. */
function silenced(stream: Buffer, from: number, to: number): Buffer {
  let pictures = 0;
  return Buffer.concat(
    packetsOf(stream).filter((packet) => {
      if (pidOf(packet) === PICTURE_PID && packet[1]! & 0x40) pictures++;
      return pidOf(packet) !== SOUND_PID || pictures < from || pictures > to;
    }),
  );
}

/** Marks it as scrambled (ISO/IEC 13818-1, 2.4.3.3), and makes noise of it. */
function scramble(stream: Buffer, pid: number): Buffer {
  for (const packet of packetsOf(stream).filter((each) => pidOf(each) === pid)) {
    packet[3]! |= 0x80;
    const start = 4 + (packet[3]! & 0x20 ? 1 + packet[4]! : 0);
    for (let index = start; index < 188; index++) packet[index]! ^= (37 * index + 11) & 255;
  }
  return stream;
}

function packetsOf(stream: Buffer): Buffer[] {
  return Array.from({ length: Math.floor(stream.length / 188) }, (_, index) =>
    stream.subarray(index * 188, index * 188 + 188),
  );
}

function pidOf(packet: Buffer): number {
  return packet.readUInt16BE(1) & 0x1fff;
}

function rowOf(
  { title, name, output }: Pick<Recording, 'title' | 'name'> & { readonly output: string },
  refused: UpreelError | null,
  { frames, told }: { readonly frames: number; readonly told: string },
  worst: number,
): string {
  const clean = (text: string) => text.replaceAll(at(name), name).replaceAll('|', '\\|');
  const by = refused === null ? 'made' : `refused: ${clean(refused.message)}`;
  const length = Number(probe(output).format.duration).toFixed(2);
  return `| ${title} (\`${name}\`) | ${by} | ${frames} frames, ${length} s in ${extname(output)}. ${clean(told)} | ${worst.toFixed(1)} ms |`;
}

function documentOf(rows: readonly string[]): string {
  return `# Odd recordings

Made by [test/video/odd-recordings.test.ts](../test/video/odd-recordings.test.ts) with \`UPREEL_WRITE_DOCS=1\`: five seconds of
black with three flashes and, at the same moments, three beeps, recorded badly in thirteen ways. The last column is the
most by which a beep comes earlier or later after its flash than in the source, as ffmpeg plays both.

| recording | by default | what came out (where it was refused, with \`--on-decode-error conceal\`) | out of step |
|---|---|---|---|
${rows.join('\n')}
`;
}
