import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseHdr, readHdr } from '../../../src/video/source/hdr.ts';
import { probeVideo } from '../../../src/video/source/probe.ts';
import { colourMarks, ffmpeg, pattern, temporaryFolder } from '../../support/clips.ts';
import { upscaleClip } from '../../support/upscale-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const signal = new AbortController().signal;

const HDR10 = {
  mastering: {
    ...{ red: [0.68, 0.32], green: [0.265, 0.69], blue: [0.15, 0.06], white: [0.3127, 0.329] },
    ...{ maxLuminance: 1000, minLuminance: 0.005 },
  },
  light: { maxContent: 1000, maxAverage: 400 },
  dynamic: [],
  dolbyVision: null,
};

function makeHdr10(file: string): void {
  const master = 'G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)';
  const params = `log-level=none:master-display=${master}:max-cll=1000,400`;
  const marks = colourMarks({ matrix: 'bt2020nc', range: 'tv', primaries: 'bt2020', transfer: 'smpte2084' });
  const coded = ['-pix_fmt', 'yuv420p10le', '-c:v', 'libx265', '-x265-params', params];
  ffmpeg(...pattern(0.4), '-vf', marks.filter, ...coded, ...marks.options, file);
}

async function hdrOf(file: string) {
  return readHdr(await probeVideo(file, signal), signal);
}

describe('static HDR metadata', () => {
  test.each([
    ['libx265', 'mp4'],
    ['libsvtav1', 'mkv'],
  ] as const)('goes into what %s writes', async (encoder, extension) => {
    makeHdr10(at('hdr10.mp4'));
    expect(await hdrOf(at('hdr10.mp4'))).toEqual(HDR10);
    const output = at(`hdr10-${encoder}.${extension}`);
    const { warnings } = await upscaleClip(at('hdr10.mp4'), output, { settings: { encoder } });
    expect(warnings.filter((warning) => warning.code === 'hdr-metadata')).toEqual([]);
    const { mastering, light } = await hdrOf(output);
    expect(light).toEqual(HDR10.light);
    for (const [name, value] of Object.entries(HDR10.mastering)) {
      const found = [mastering?.[name as keyof typeof mastering] ?? []].flat();
      for (const [index, number] of [value].flat().entries()) expect(found[index]).toBeCloseTo(number, 3);
    }
  });

  test('is announced as lost before the work where the encoder has no place for it', async () => {
    makeHdr10(at('lost.mp4'));
    const { events } = await upscaleClip(at('lost.mp4'), at('lost.webm'));
    const kinds = events.map((event) => (event.type === 'warning' ? event.code : event.type));
    expect(kinds.indexOf('hdr-metadata')).toBeGreaterThan(0);
    expect(kinds.indexOf('hdr-metadata')).toBeLessThan(kinds.indexOf('progress'));
  });

  test('dynamic kinds are named', () => {
    const sides = (...names: string[]) => ({ side_data_list: names.map((name) => ({ side_data_type: name })) });
    const report = {
      streams: [sides('DOVI configuration record')],
      frames: [sides('HDR Dynamic Metadata SMPTE2094-40 (HDR10+)', 'Dolby Vision RPU Data', 'Display Matrix')],
    };
    expect(parseHdr(report)).toEqual({
      mastering: null,
      light: null,
      dynamic: ['HDR10+', 'Dolby Vision'],
      dolbyVision: null,
    });
  });

  test.each([
    [8, 1, 'Dolby Vision, profile 8 (its base picture stays, in HDR10; no encoder here writes it)'],
    [8, 4, 'Dolby Vision, profile 8 (its base picture stays, in HLG; no encoder here writes it)'],
  ])('Dolby Vision of profile %i.%i is said to be lost before the work', async (profile, compatibility, said) => {
    const file = at(`dolby-${profile}.${compatibility}.mp4`);
    makeHdr10(file);
    addDolbyVision(file, profile, compatibility);
    expect(await hdrOf(file)).toEqual({
      ...HDR10,
      dynamic: ['Dolby Vision'],
      dolbyVision: { profile, compatibility },
    });
    const { events } = await upscaleClip(file, at(`dolby-${profile}.${compatibility}.mkv`));
    const kinds = events.map((event) => (event.type === 'warning' ? event.code : event.type));
    expect(kinds.indexOf('hdr-metadata')).toBeLessThan(kinds.indexOf('progress'));
    expect(events).toContainEqual({
      ...{ type: 'warning', code: 'hdr-metadata' },
      message: `HDR metadata that is left out: ${said}.`,
    });
    expect((await hdrOf(at(`dolby-${profile}.${compatibility}.mkv`))).light).toEqual(HDR10.light);
  });

  test('Dolby Vision of profile 5, which has no picture of its own, is refused before the work', async () => {
    makeHdr10(at('dolby-5.mp4'));
    addDolbyVision(at('dolby-5.mp4'), 5, 0);
    await expect(upscaleClip(at('dolby-5.mp4'), at('dolby-5.mkv'))).rejects.toMatchObject({
      code: 'input-unsupported',
      message: expect.stringContaining('Dolby Vision of profile 5'),
    });
  });

  test('HDR10+ in the frames is said to be lost before the work', async () => {
    makeHdr10(at('plain.mp4'));
    ffmpeg('-i', at('plain.mp4'), '-c', 'copy', '-bsf:v', 'hevc_mp4toannexb', '-f', 'hevc', at('plain.hevc'));
    writeFileSync(at('plus.hevc'), withHdr10Plus(readFileSync(at('plain.hevc'))));
    expect((await hdrOf(at('plus.hevc'))).dynamic).toEqual(['HDR10+']);
    const { warnings } = await upscaleClip(at('plus.hevc'), at('plus-out.mkv'));
    expect(warnings.filter(({ code }) => code === 'hdr-metadata').map(({ message }) => message)).toEqual([
      'HDR metadata that is left out: HDR10+ (it describes the old picture; no encoder here writes it).',
    ]);
  });

  test('nonsense in its place is no metadata', () => {
    const odd = { side_data_type: 'Mastering display metadata', red_x: '1/0', max_luminance: 'x' };
    expect(parseHdr({ frames: [{ side_data_list: [odd] }] }).mastering).toBeNull();
  });
});

/** Puts a configuration record (dvcC, 32 bytes) into the sample entry of an MP4 of ffmpeg's whose moov comes last. */
function addDolbyVision(file: string, profile: number, compatibility: number): void {
  const bytes = readFileSync(file);
  const record = Buffer.alloc(32);
  record.writeUInt32BE(32);
  record.write('dvcC', 4, 'latin1');
  // Version 1.0; profile in 7 bits, level 1 in 6, then RPU and base layer are there.
  record.set([1, 0, profile << 1, (1 << 3) | 0b101, compatibility << 4], 8);
  let [start, end] = [0, bytes.length];
  for (const name of ['moov', 'trak', 'mdia', 'minf', 'stbl', 'stsd', 'hev1']) {
    let box = start;
    while (bytes.toString('latin1', box + 4, box + 8) !== name) box += bytes.readUInt32BE(box);
    end = box + bytes.readUInt32BE(box);
    bytes.writeUInt32BE(bytes.readUInt32BE(box) + record.length, box);
    start = box + (name === 'stsd' ? 16 : 8);
  }
  writeFileSync(file, Buffer.concat([bytes.subarray(0, end), record, bytes.subarray(end)]));
}

/**
 * Puts the least that HDR10+ can say (SMPTE ST 2094-40 in an SEI of ITU-T T.35) before each picture of an Annex B
 * stream.
 */
function withHdr10Plus(stream: Buffer): Buffer {
  // Version 1, one window, 1000 cd/m2, no peaks; maxSCL, average, no percentiles, no fraction, no curve, no saturation.
  const fields: [number, number][] = [
    [1, 8],
    [1, 2],
    [1000, 27],
    [0, 1],
  ];
  fields.push([5000, 17], [5000, 17], [5000, 17], [2000, 17], [0, 4], [0, 10], [0, 1], [0, 1], [0, 1]);
  const bits = fields.map(([value, width]) => value.toString(2).padStart(width, '0')).join('');
  const data = (bits.match(/.{1,8}/g) ?? []).map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2));
  const payload = [0xb5, 0x00, 0x3c, 0x00, 0x01, 0x04, ...data];
  const escaped: number[] = [];
  for (const byte of [4, payload.length, ...payload, 0x80]) {
    // Two zeros in a row would begin a start code.
    if (byte <= 3 && escaped.at(-1) === 0 && escaped.at(-2) === 0) escaped.push(3);
    escaped.push(byte);
  }
  const sei = Buffer.from([0, 0, 0, 1, 39 << 1, 1, ...escaped]);
  const parts: Buffer[] = [];
  let done = 0;
  for (let at = stream.indexOf('\0\0\x01', 0, 'latin1'); at >= 0; at = stream.indexOf('\0\0\x01', at + 3, 'latin1')) {
    const isPicture = stream[at + 3]! >> 1 < 32 && (stream[at + 5]! & 0x80) !== 0;
    if (!isPicture) continue;
    const start = stream[at - 1] === 0 ? at - 1 : at;
    parts.push(stream.subarray(done, start), sei);
    done = start;
  }
  return Buffer.concat([...parts, stream.subarray(done)]);
}
