import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  ffmpeg,
  frameTimes,
  H264,
  pattern,
  probe,
  streamHashes,
  temporaryFolder,
  tone,
  videoOf,
} from '../support/clips.ts';
import { nearestUpscaler } from '../support/nearest-upscaler.ts';
import { upscaleClip } from '../support/upscale-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

beforeAll(() => {
  ffmpeg(...pattern(2), ...tone(2), ...H264, '-c:a', 'aac', at('film.mp4'));
});

describe('a film with sound', () => {
  test.each(['mkv', 'mp4', 'mov'])('keeps frame count, times and sound in .%s', async (extension) => {
    const output = at(`film-out.${extension}`);
    const result = await upscaleClip(at('film.mp4'), output);
    expect(result.framesTotal).toBe(50);
    expect(largestDeviation(at('film.mp4'), output)).toBeLessThanOrEqual(0.001);
    expect(streamHashes(output, 'a')).toEqual(streamHashes(at('film.mp4'), 'a'));
    expect(videoOf(output)).toMatchObject({ codec_name: 'h264', width: 128, height: 96 });
    expect(result.bytes).toBe(statSync(output).size);
  });

  test('goes into webm as VP9 with its Opus sound', async () => {
    ffmpeg(...pattern(1), ...tone(1), '-c:v', 'libvpx', '-deadline', 'realtime', '-c:a', 'libopus', at('film.webm'));
    const result = await upscaleClip(at('film.webm'), at('film-out.webm'));
    expect(result.framesTotal).toBe(25);
    expect(largestDeviation(at('film.webm'), at('film-out.webm'))).toBeLessThanOrEqual(0.001);
    expect(streamHashes(at('film-out.webm'), 'a')).toEqual(streamHashes(at('film.webm'), 'a'));
  });

  test('tells the start, the progress at most twice a second, and the end', async () => {
    const { events } = await upscaleClip(at('film.mp4'), at('events.mkv'), {
      upscaler: nearestUpscaler(2, { delayMs: 40 }),
      settings: { reuse: false },
    });
    const progress = events.filter((event) => event.type === 'progress');
    expect(events[0]).toMatchObject({
      type: 'started',
      kind: 'video',
      framesTotal: 50,
      target: { width: 128, height: 96 },
    });
    expect(events.at(-1)).toMatchObject({ type: 'done', framesTotal: 50 });
    expect(progress[0]).toMatchObject({ framesDone: 0, framesTotal: 50, outputPixelsTotal: 50 * 128 * 96 });
    expect(progress.at(-1)).toMatchObject({
      stage: 'publish',
      framesDone: 50,
      tilesDone: 50,
      outputPixelsDone: 50 * 128 * 96,
    });
    const upscaling = progress.filter((event) => event.stage === 'upscale');
    const seconds = upscaling.map((event) => event.elapsedSeconds);
    for (const [index, second] of seconds.slice(1).entries())
      expect(second - (seconds[index] ?? 0)).toBeGreaterThan(0.45);
    expect(upscaling.at(-1)?.queues.map((queue) => queue.name)).toEqual(['decoded', 'network', 'upscaled']);
    expect(upscaling.at(-1)?.rssBytes).toBeGreaterThan(process.memoryUsage.rss() / 2);
  });

  test('leaves nothing beside its output', async () => {
    await upscaleClip(at('film.mp4'), at('alone/../tidy.mkv'));
    expect(readdirSync(folder).filter((name) => name.startsWith('tidy') || name.startsWith('.'))).toEqual(['tidy.mkv']);
  });

  test('is the same file, byte for byte, when made again', async () => {
    await upscaleClip(at('film.mp4'), at('once.mkv'));
    await upscaleClip(at('film.mp4'), at('twice.mkv'), { upscaler: nearestUpscaler(2, { lanes: 4, delayMs: 3 }) });
    const md5 = (name: string) => ffmpeg('-i', at(name), '-map', '0', '-c', 'copy', '-f', 'md5', '-').toString();
    expect(md5('twice.mkv')).toBe(md5('once.mkv'));
    expect(statSync(at('twice.mkv')).size).toBe(statSync(at('once.mkv')).size);
  });
});

describe('times', () => {
  test.each([
    [
      'frames that come unevenly',
      'mkv',
      ['-vf', "select='not(eq(mod(n\\,7)\\,3))',setpts='PTS+mod(N\\,3)*0.007/TB'", '-fps_mode', 'passthrough'],
    ],
    ['a late start', 'mkv', ['-vf', 'setpts=PTS+0.4/TB']],
    ['a late start in an edit list', 'mp4', ['-vf', 'setpts=PTS+0.4/TB']],
    ['a broadcast clock', 'ts', []],
    ['a frame rate with a fraction', 'mp4', ['-r', '30000/1001']],
  ])('%s are kept within a millisecond', async (name, extension, options) => {
    const source = at(`${name}.${extension}`);
    ffmpeg(...pattern(2), ...tone(2), ...options, ...H264, '-c:a', 'aac', source);
    for (const output of [`${source}.mkv`, `${source}.mp4`]) {
      await upscaleClip(source, output);
      expect(frameTimes(output)).toHaveLength(frameTimes(source).length);
      // A broadcast clock starts anywhere, so only its intervals can be compared.
      expect(largestDeviation(source, output, extension === 'ts')).toBeLessThanOrEqual(0.001 + 1e-6);
    }
  });

  test('frames that an edit list cuts away stay away', async () => {
    ffmpeg('-ss', '0.6', '-i', at('film.mp4'), '-c', 'copy', at('edited.mp4'));
    const result = await upscaleClip(at('edited.mp4'), at('edited-out.mkv'));
    expect(result.framesTotal).toBe(frameTimes(at('edited.mp4')).length);
    expect(largestDeviation(at('edited.mp4'), at('edited-out.mkv'))).toBeLessThanOrEqual(0.001);
  });

  test('a film of one picture lasts as long as it did', async () => {
    for (const [seconds, rate] of [
      [0.04, '25'],
      [2, '1/2'],
    ] as const) {
      ffmpeg(...pattern(seconds, { rate }), ...H264, at(`one-${seconds}.mp4`));
      for (const extension of ['mkv', 'mp4']) {
        const output = at(`one-${seconds}-out.${extension}`);
        await upscaleClip(at(`one-${seconds}.mp4`), output);
        expect(Number(probe(output).format.duration)).toBeCloseTo(seconds, 2);
      }
    }
  });

  test('the last picture stays as long as in the source', async () => {
    ffmpeg(...pattern(1, { rate: '10' }), '-final_delay', '300', at('held.gif'));
    await upscaleClip(at('held.gif'), at('held.mkv'));
    expect(Number(probe(at('held.mkv')).format.duration)).toBeCloseTo(Number(probe(at('held.gif')).format.duration), 1);
  });
});

describe('streams', () => {
  beforeAll(() => {
    writeFileSync(
      at('text.srt'),
      '1\n00:00:00,200 --> 00:00:00,900\nfirst line\n\n2\n00:00:01,000 --> 00:00:01,800\nsecond\n',
    );
    writeFileSync(
      at('chapters.txt'),
      ';FFMETADATA1\ntitle=A film; with = signs\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=900\ntitle=One\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=900\nEND=2000\ntitle=Two\n',
    );
    writeFileSync(at('font.ttf'), Buffer.alloc(5000, 7));
    const inputs = [...pattern(2), ...tone(2), ...tone(2, 880), '-i', at('text.srt'), '-i', at('chapters.txt')];
    const maps = [
      '-map',
      '1:a',
      '-map',
      '0:v',
      '-map',
      '2:a',
      '-map',
      '3:s',
      '-map_metadata',
      '4',
      '-map_chapters',
      '4',
    ];
    const tags = [
      '-metadata:s:a:0',
      'language=fra',
      '-metadata:s:a:1',
      'language=eng',
      '-metadata:s:a:1',
      'title=Two words',
      '-metadata:s:v:0',
      'title=The picture',
    ];
    const kinds = ['-disposition:a:0', '0', '-disposition:a:1', 'default', '-disposition:s:0', 'forced'];
    const attachment = ['-attach', at('font.ttf'), '-metadata:s:t', 'mimetype=application/x-truetype-font'];
    ffmpeg(
      ...inputs,
      ...maps,
      ...H264,
      '-c:a',
      'aac',
      '-c:s',
      'srt',
      ...tags,
      ...kinds,
      ...attachment,
      at('streams.mkv'),
    );
  });

  test('all of them, their order, tags, dispositions and chapters are kept in mkv', async () => {
    // The test pattern goes beyond black and white, which is told where levels are kept (levels.test.ts).
    const settings = { levels: 'clip' } as const;
    const { warnings } = await upscaleClip(at('streams.mkv'), at('streams-out.mkv'), { settings });
    expect(warnings).toEqual([]);
    expect(describeStreams(at('streams-out.mkv'))).toEqual(describeStreams(at('streams.mkv')));
    expect(probe(at('streams-out.mkv')).chapters).toEqual(probe(at('streams.mkv')).chapters);
    expect(probe(at('streams-out.mkv')).format.tags?.title).toBe('A film; with = signs');
    for (const kind of ['a', 's'] as const) {
      expect(streamHashes(at('streams-out.mkv'), kind)).toEqual(streamHashes(at('streams.mkv'), kind));
    }
  });

  test('subtitles are rewritten for mp4, and the attachment is announced as lost before the work starts', async () => {
    const { events } = await upscaleClip(at('streams.mkv'), at('streams-out.mp4'));
    const kinds = probe(at('streams-out.mp4')).streams.map((stream) => stream.codec_name);
    expect(kinds.filter((kind) => kind !== 'bin_data')).toEqual(['aac', 'h264', 'aac', 'mov_text']);
    const types = events.map((event) => event.type);
    expect(types.indexOf('warning')).toBeLessThan(types.indexOf('progress'));
    const warnings = events.filter((event) => event.type === 'warning').map(({ code, message }) => [code, message]);
    expect(warnings.slice(0, 2)).toEqual([
      ['subtitle-converted', expect.stringContaining('Subtitle stream 3 (subrip) becomes mov_text in .mp4.')],
      ['stream-dropped', expect.stringContaining('Attachment stream 4')],
    ]);
    expect(probe(at('streams-out.mp4')).chapters.map((chapter) => chapter.tags?.title)).toEqual(['One', 'Two']);
  });

  test.each(['mkv', 'mp4', 'mov'])('tags are kept in .%s, or named before the work starts', async (extension) => {
    const names = ['title', 'artist', 'comment', 'genre', 'synopsis', 'make', 'publisher', 'com.example.key'];
    const tags = names.flatMap((name) => ['-metadata', `${name}=of ${name}`]);
    ffmpeg(...pattern(0.2), ...H264, ...tags, at('tags.mkv'));
    const { events } = await upscaleClip(at('tags.mkv'), at(`tags-out.${extension}`), { settings: { levels: 'clip' } });
    const found = probe(at(`tags-out.${extension}`)).format.tags ?? {};
    const kept = new Set(Object.keys(found).map((name) => name.toLowerCase()));
    const lost = names.filter((name) => !kept.has(name));
    const warnings = events.filter((event) => event.type === 'warning');
    const said = lost.length === 0 ? [] : [expect.stringContaining(`the tags ${lost.sort().join(', ')}:`)];
    expect(warnings.map(({ message }) => message.toLowerCase())).toEqual(said);
  });

  test('cover art stays cover art and is not taken for the film', async () => {
    ffmpeg('-f', 'lavfi', '-i', 'color=red:size=300x300:duration=0.04', '-frames:v', '1', at('cover.png'));
    ffmpeg(
      '-i',
      at('film.mp4'),
      '-i',
      at('cover.png'),
      '-map',
      '1:v',
      '-map',
      '0',
      '-c',
      'copy',
      '-disposition:v:0',
      'attached_pic',
      '-disposition:v:1',
      'default',
      at('covered.mp4'),
    );
    await upscaleClip(at('covered.mp4'), at('covered-out.mp4'));
    const streams = probe(at('covered-out.mp4')).streams;
    expect(streams.filter((stream) => stream.disposition.attached_pic === 1)).toHaveLength(1);
    expect(streams.find((stream) => stream.codec_name === 'h264')).toMatchObject({ width: 128, height: 96 });
  });
});

describe('names', () => {
  test.each(['-i.mp4', "a'b %03d.mp4", 'new\nline.mp4', '🎬 film.mp4', 'http:x.mp4', 'a b  c.mp4'])(
    '%j is just a name',
    async (name) => {
      const source = at(name);
      ffmpeg('-i', at('film.mp4'), '-c', 'copy', '-t', '0.4', `file:${source}`);
      const output = at(name.replace('.mp4', '.out.mkv'));
      await upscaleClip(source, output);
      expect(existsSync(output)).toBe(true);
      expect(existsSync(`${output}.upreel`)).toBe(false);
    },
  );
});

function largestDeviation(source: string, output: string, isRelative = false): number {
  const expected = frameTimes(source);
  const actual = frameTimes(output);
  const offset = isRelative ? (expected[0] ?? 0) - (actual[0] ?? 0) : 0;
  return Math.max(...expected.map((time, index) => Math.abs(time - offset - (actual[index] ?? Number.NaN))));
}

/** What must be equal; sizes and durations are compared elsewhere. */
function describeStreams(file: string) {
  return probe(file).streams.map((stream) => ({
    kind: stream.codec_type,
    codec: stream.codec_name,
    dispositions: Object.entries(stream.disposition).filter(([, value]) => value === 1),
    language: stream.tags?.language,
    title: stream.tags?.title,
    filename: stream.tags?.filename,
    mimetype: stream.tags?.mimetype,
  }));
}
