import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseHdr, readHdr } from '../../src/video/hdr.ts';
import { probeVideo } from '../../src/video/probe.ts';
import { colourMarks, ffmpeg, pattern, temporaryFolder } from '../support/clips.ts';
import { upscaleClip } from '../support/upscale-clip.ts';

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
    expect(parseHdr(report)).toEqual({ mastering: null, light: null, dynamic: ['HDR10+', 'Dolby Vision'] });
  });

  test('nonsense in its place is no metadata', () => {
    const odd = { side_data_type: 'Mastering display metadata', red_x: '1/0', max_luminance: 'x' };
    expect(parseHdr({ frames: [{ side_data_list: [odd] }] }).mastering).toBeNull();
  });
});
