import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { PacketListing } from '../../../src/video/source/packet-listing.ts';
import { probeVideo } from '../../../src/video/source/probe.ts';
import { probeFilm } from '../../../src/video/source/probe-film.ts';
import { scanListed, scanPackets } from '../../../src/video/source/scan.ts';
import { ffmpeg, H264, pattern, temporaryFolder, tone } from '../../support/clips.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const signal = new AbortController().signal;

beforeAll(() => {
  ffmpeg(...pattern(2), ...tone(2), ...H264, '-c:a', 'aac', at('film.mp4'));
  ffmpeg(...pattern(2), '-vf', "setpts='if(lt(N,20),N,2*N)/25/TB'", '-fps_mode', 'vfr', ...H264, at('varying.mkv'));
});

/** What a container may say of its packets only in passing: fragments, edit lists, a beginning without an index. */
const FILMS: readonly (readonly [string, readonly string[]])[] = [
  ['copy.mkv', ['-i', 'film.mp4', '-c', 'copy']],
  ['copy.mov', ['-i', 'film.mp4', '-c', 'copy']],
  ['cut.mp4', ['-ss', '0.7', '-i', 'film.mp4', '-c', 'copy']],
  ['cut.mkv', ['-ss', '0.7', '-i', 'film.mp4', '-c', 'copy']],
  ['fragments.mp4', ['-i', 'film.mp4', '-c', 'copy', '-movflags', '+frag_keyframe+empty_moov+default_base_moof']],
  ['live.mkv', ['-i', 'film.mp4', '-c', 'copy', '-live', '1']],
  ['varying.mp4', ['-i', 'varying.mkv', '-c', 'copy']],
  ['motion.mov', ['-i', 'film.mp4', '-c:v', 'mjpeg', '-q:v', '3', '-c:a', 'copy']],
  ['frames.webm', ['-i', 'film.mp4', '-c:v', 'libvpx', '-deadline', 'realtime', '-c:a', 'libopus']],
];

test.each(FILMS)('of %s the same is found in one run as in two', async (name, options) => {
  ffmpeg(...options.map((option) => (/^(film|varying)/.test(option) ? at(option) : option)), at(name));
  const { source, packets } = await probeFilm(at(name), signal);
  expect(source).toEqual(await probeVideo(at(name), signal));
  expect(packets).not.toBeNull();
  expect(await scanListed(packets!)).toEqual(await scanPackets(at(name), source.video.index, signal));
});

test('where the demuxer complains, the video is listed by itself', async () => {
  ffmpeg('-i', at('film.mp4'), '-c', 'copy', at('damaged.mkv'));
  const bytes = readFileSync(at('damaged.mkv'));
  bytes.fill(0x5a, bytes.length / 2, bytes.length / 2 + 600);
  writeFileSync(at('damaged.mkv'), bytes);
  const { source, packets } = await probeFilm(at('damaged.mkv'), signal);
  expect(packets).toBeNull();
  const scan = await scanPackets(at('damaged.mkv'), source.video.index, signal);
  expect(scan.demuxerError).toEqual(expect.any(String));
});

test.each(['film.ts', 'film.avi'])('what describes itself on the way (%s) is listed by itself', async (name) => {
  ffmpeg('-i', at('film.mp4'), '-c', 'copy', at(name));
  expect((await probeFilm(at(name), signal)).packets).toBeNull();
});

test('a long film is listed by itself, beside what else is asked of it', async () => {
  ffmpeg(...pattern(3, { size: '640x480' }), '-c:v', 'rawvideo', '-pix_fmt', 'yuv420p', at('long.mkv'));
  expect(statSync(at('long.mkv')).size).toBeGreaterThan(32 * 1024 * 1024);
  expect((await probeFilm(at('long.mkv'), signal)).packets).toBeNull();
});

test('a table that claims more packets than a short film can have is not kept', () => {
  const listing = new PacketListing();
  const line = '        { "stream_index": 0, "pts": 1, "duration": 1, "size": "1", "pos": "48", "flags": "K_" },';
  for (let count = 0; count < 500_000; count++) listing.read(line);
  expect(listing.of(0)).toHaveLength(500_000);
  expect(listing.of(1)).toEqual([]);
  listing.read(line);
  expect(listing.of(0)).toBeNull();
});

test('ffprobe lists packets in the form that is read', () => {
  const show = ['-show_entries', 'packet=stream_index,pts,duration,size,pos,flags', '-of', 'json=compact=1'];
  const text = execFileSync('ffprobe', ['-v', 'error', ...show, at('film.mp4')], { encoding: 'utf8' });
  const listing = new PacketListing();
  for (const line of text.split('\n')) listing.read(line);
  expect([listing.of(0)!.length, listing.of(0)!.filter(({ isKey }) => isKey).length]).toEqual([50, 3]);
  expect(listing.of(1)!.length).toBeGreaterThan(80);
});
