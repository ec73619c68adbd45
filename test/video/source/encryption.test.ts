import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ffmpeg, H264, pattern, probe, temporaryFolder, tone } from '../../support/clips.ts';
import { upscaleClip } from '../../support/upscale-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

/** Common encryption (ISO/IEC 23001-7), as shops of films use it. */
const ENCRYPTED = [
  ...['-encryption_scheme', 'cenc-aes-ctr', '-encryption_key', '76a6c65c5ea762046bd749a2e632ccbb'],
  ...['-encryption_kid', 'a7e61c373e219033c21091fa607bf3b8'],
];

test('a film whose picture is encrypted is refused as that, and not as damaged', async () => {
  ffmpeg(...pattern(1), ...tone(1), ...H264, '-c:a', 'aac', ...ENCRYPTED, at('all.mp4'));
  await expect(upscaleClip(at('all.mp4'), at('never.mkv'))).rejects.toMatchObject({
    code: 'input-unsupported',
    message: expect.stringContaining('is encrypted'),
  });
});

test('encrypted sound beside a picture in the clear is left out, and named', async () => {
  ffmpeg(...pattern(1), ...H264, at('picture.mp4'));
  ffmpeg(...tone(1), '-c:a', 'aac', ...ENCRYPTED, at('sound.mp4'));
  writeFileSync(at('half.mp4'), joinTracks(readFileSync(at('picture.mp4')), readFileSync(at('sound.mp4'))));
  expect(probe(at('half.mp4')).streams.map(({ codec_name }) => codec_name)).toEqual(['h264', 'aac']);
  const { framesTotal, warnings } = await upscaleClip(at('half.mp4'), at('out.mkv'));
  expect(framesTotal).toBe(25);
  expect(warnings).toContainEqual(
    expect.objectContaining({
      code: 'stream-dropped',
      message: expect.stringMatching(/^Audio stream 1 .*is encrypted/),
    }),
  );
  expect(probe(at('out.mkv')).streams.map(({ codec_type }) => codec_type)).toEqual(['video']);
});

test('a film in the clear says nothing of it', async () => {
  ffmpeg(...pattern(0.4), ...tone(0.4), ...H264, '-c:a', 'aac', at('clear.mp4'));
  const { warnings } = await upscaleClip(at('clear.mp4'), at('clear.mkv'));
  expect(warnings.filter(({ code }) => code === 'stream-dropped')).toEqual([]);
});

/** Two files of one track each as one of two: ffmpeg encrypts all tracks or none. */
function joinTracks(first: Buffer, second: Buffer): Buffer {
  const [one, two] = [boxesOf(first), boxesOf(second)];
  const media = [one.get('mdat')!, two.get('mdat')!];
  const head = one.get('ftyp')!;
  const moved = [head.length - first.indexOf(media[0]!), head.length + media[0]!.length - second.indexOf(media[1]!)];
  const tracks = [one, two].map((file, index) => moveTrack(file.get('moov')!, index + 1, moved[index]!));
  const body = Buffer.concat([boxesOf(one.get('moov')!.subarray(8)).get('mvhd')!, ...tracks]);
  const start = Buffer.alloc(8);
  start.writeUInt32BE(body.length + 8, 0);
  start.write('moov', 4, 'latin1');
  return Buffer.concat([head, ...media, start, body]);
}

/** ISO/IEC 14496-12, 4.2: each box whole, by its type. */
function boxesOf(bytes: Buffer): Map<string, Buffer> {
  const boxes = new Map<string, Buffer>();
  for (let at = 0; at + 8 <= bytes.length; at += bytes.readUInt32BE(at)) {
    boxes.set(bytes.toString('latin1', at + 4, at + 8), bytes.subarray(at, at + bytes.readUInt32BE(at)));
  }
  return boxes;
}

/** The track of a file under another number, with its chunks so many bytes further on. */
function moveTrack(moov: Buffer, id: number, by: number): Buffer {
  const track = Buffer.from(boxesOf(moov.subarray(8)).get('trak')!);
  // Version 0: type, flags, two times, number.
  track.writeUInt32BE(id, track.indexOf('tkhd') + 16);
  const table = track.indexOf('stco') + 8;
  for (let entry = 1; entry <= track.readUInt32BE(table); entry++) {
    const place = table + 4 * entry;
    track.writeUInt32BE(track.readUInt32BE(place) + by, place);
  }
  return track;
}
