import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { isLosslessCodec } from '../../../src/video/plan/sound-plan.ts';
import { containerFor } from '../../../src/video/source/containers.ts';
import { ffmpeg, pattern, probe, temporaryFolder } from '../../support/clips.ts';
import { upscaleClip } from '../../support/upscale-clip.ts';

/**
 * All sounds that ffmpeg makes and a container of films holds, into every container that upreel writes. Many streams go
 * in one film, so that the table costs little; each stream is verified by the job itself, and looked at here again.
 * `UPREEL_WRITE_DOCS=1` writes the table of docs/sound.md.
 */
const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const DOC = fileURLToPath(new URL('../../../docs/sound.md', import.meta.url));
const OUTPUTS = ['mkv', 'mp4', 'mov', 'webm'] as const;

interface Sound {
  readonly codec: string;
  readonly options: readonly string[];
}
const sound = (codec: string, ...options: string[]): Sound => ({ codec, options });
const pcm = (...kinds: string[]): Sound[] => kinds.map((kind) => sound(`pcm_${kind}`));

const SOURCES: Readonly<Record<string, readonly Sound[]>> = {
  'a.mkv': [
    ...[sound('aac'), sound('ac3'), sound('eac3'), sound('mp2'), sound('libmp3lame'), sound('libopus', '-ar', '48000')],
    ...[sound('libvorbis'), sound('dca', '-strict', '-2', '-ar', '48000')],
    ...[sound('flac'), sound('alac'), sound('wavpack'), sound('truehd', '-strict', '-2', '-ar', '48000')],
    ...pcm('s16le', 's24le', 's32le', 'u8', 'f32le', 'f64le'),
    sound('mlp', '-strict', '-2', '-ar', '48000'),
  ],
  'b.mov': [...pcm('s8', 's24be', 's32be', 'f32be', 'f64be', 'alaw', 'mulaw'), sound('adpcm_ima_qt')],
  'c.avi': [
    ...[sound('adpcm_ms'), sound('adpcm_ima_wav'), sound('adpcm_yamaha'), sound('wmav1'), sound('wmav2')],
    ...[sound('g726', '-ar', '8000'), sound('libgsm_ms', '-ar', '8000')],
  ],
  'c.nut': [
    ...pcm('s64le', 'u16le', 'u24be', 's16be'),
    sound('g722', '-ar', '16000'),
    sound('libspeex', '-ar', '16000'),
  ],
  'd.mkv': [sound('tta')],
  'e.ts': [sound('s302m', '-strict', '-2', '-ar', '48000')],
  'f.vob': [sound('pcm_dvd', '-ar', '48000')],
  'g.m2ts': [sound('pcm_bluray', '-ar', '48000')],
  'h.flv': [sound('adpcm_swf', '-ar', '44100')],
  'i.flv': [sound('nellymoser', '-ar', '44100')],
  'l.rm': [sound('real_144', '-ar', '8000')],
};
/** Of the pictures: the containers' own kinds. */
const PICTURES: Readonly<Record<string, readonly string[]>> = {
  flv: ['-c:v', 'flv1'],
  vob: ['-c:v', 'mpeg2video'],
  rm: ['-c:v', 'rv10', '-s', '128x96'],
  nut: ['-c:v', 'ffv1'],
};

/** Of the sources. */
const played = new Map<string, string[]>();
/** Rows of the table: what each codec becomes in each container. */
const table = new Map<string, Map<string, string>>();

function makeSource(name: string, sounds: readonly Sound[]): void {
  const pictures = PICTURES[name.split('.')[1]!] ?? ['-c:v', 'mpeg4'];
  // One channel or two, neither silent nor the same.
  const seconds = name === 'd.mkv' ? 1.6 : 0.6;
  const tone = (index: number) => `sine=frequency=${300 + 50 * index}:sample_rate=48000:duration=${seconds}`;
  ffmpeg(
    ...pattern(seconds, { size: '64x48' }),
    ...sounds.flatMap((_, index) => ['-f', 'lavfi', '-i', tone(index)]),
    ...['-map', '0:v', ...sounds.flatMap((_, index) => ['-map', `${index + 1}:a`])],
    ...pictures,
    ...sounds.flatMap(({ codec, options }, index) => [
      ...[`-c:a:${index}`, codec, `-ac:a:${index}`, MONO.test(codec) ? '1' : '2'],
      ...options.map((option) => (option.startsWith('-a') ? `${option}:a:${index}` : option)),
    ]),
    at(name),
  );
}

const MONO = /^(g72|libgsm|nellymoser|libspeex|real_144|adpcm_ima_qt)/;

const sounds = (path: string) => probe(path).streams.filter(({ codec_type }) => codec_type === 'audio');

/** Of each stream a hash of the decoded samples, in a form that holds every kind. */
function samples(path: string): string[] {
  return ffmpeg('-i', path, '-map', '0:a', '-c:a', 'pcm_f64le', '-f', 'streamhash', '-hash', 'md5', '-')
    .toString()
    .trim()
    .split('\n')
    .map((line) => line.replace(/^.*=/, ''));
}

const encoders = execFileSync('ffmpeg', ['-hide_banner', '-encoders'], { encoding: 'utf8' });
const hasEncoder = ({ codec }: Sound) => new RegExp(` ${codec} `).test(encoders);

describe.each(Object.entries(SOURCES))('the sounds of %s', (name, all) => {
  const known = all.filter(hasEncoder);

  test.each(OUTPUTS)('arrive in .%s, each readable, in order, with their channels', async (output) => {
    if (output === OUTPUTS[0]) {
      makeSource(name, known);
      played.set(name, samples(at(name)));
    }
    const result = at(`${name}.${output}`);
    const { warnings } = await upscaleClip(at(name), result);
    expect(warnings.filter(({ code }) => code === 'stream-dropped')).toEqual([]);
    const before = sounds(at(name));
    const after = sounds(result);
    const [samplesBefore, samplesAfter] = [played.get(name)!, samples(result)];
    expect(samplesAfter).toHaveLength(before.length);
    expect(after.map(({ channels }) => channels)).toEqual(before.map(({ channels }) => channels));
    for (const [index, { index: place, codec_name: codec = 'unknown' }] of before.entries()) {
      const made = after[index]!.codec_name ?? 'unknown';
      expect(made).not.toBe('unknown');
      const said = warnings.find(({ message }) => message.startsWith(`Audio stream ${place} (${codec}`));
      // Every change is told before the work, and what is not told is a copy.
      if (said === undefined) expect([codec, codec === 'mp2' ? 'mp3' : codec]).toContain(made);
      else expect(said.code).toBe('sound-converted');
      const isExact = said === undefined || said.message.includes('sample for sample');
      // Matroska tells no packet's length, and MP4 leaves out a last one without: up to a frame of ALAC.
      const isCut = codec === 'alac' && said === undefined && output !== 'mkv';
      if (isExact && isLosslessCodec(codec) && !isCut)
        expect([codec, samplesAfter[index]]).toEqual([codec, samplesBefore[index]]);
      if (isLosslessCodec(codec) && output === 'mkv' && codec !== 'pcm_s64le') expect(isExact).toBe(true);
      const cell = said === undefined ? 'as it is' : /becomes (.*?) in \./.exec(said.message)![1]!;
      const row = table.get(codec) ?? new Map<string, string>();
      table.set(codec, row.set(output, `${cell}${said !== undefined && isExact ? ', exact' : ''}`));
    }
  });
});

test('a name that ends in .m4v is an MP4 by another name', () => {
  expect(containerFor('film.m4v')).toBe(containerFor('film.mp4'));
});

test('docs/sound.md says what comes out', () => {
  const rows = [...table.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
  const lines = rows.map(([codec, row]) => `| ${codec} | ${OUTPUTS.map((output) => row.get(output)).join(' | ')} |`);
  expect(lines.length).toBeGreaterThanOrEqual(40);
  const doc = readFileSync(DOC, 'utf8');
  const [before, after] = [doc.slice(0, doc.indexOf(BEGIN)), doc.slice(doc.indexOf(END))];
  const text = `${before}${BEGIN}\n${HEAD}\n${lines.join('\n')}\n${after}`;
  if (process.env.UPREEL_WRITE_DOCS) writeFileSync(DOC, text);
  // Others hold more (PCM in MP4 from 6.1 on): the table is of the oldest.
  else if (execFileSync('ffmpeg', ['-version'], { encoding: 'utf8' }).startsWith('ffmpeg version 5.1')) {
    expect(doc).toBe(text);
  }
});

const BEGIN = '<!-- made by test/video/plan/sound-table.test.ts -->';
const END = '<!-- end -->';
const HEAD = '| sound | .mkv | .mp4, .m4v | .mov | .webm |\n|---|---|---|---|---|';

afterAll(() => table.clear());
