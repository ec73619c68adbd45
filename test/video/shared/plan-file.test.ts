import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { preparePlan } from '../../../src/video/plan/prepare-plan.ts';
import type { VideoPlan } from '../../../src/video/plan/video-plan.ts';
import { videoSettingsSchema } from '../../../src/video/settings.ts';
import { decodePlan, encodePlan } from '../../../src/video/shared/plan-file.ts';
import { ffmpeg, H264, pattern, temporaryFolder } from '../../support/clips.ts';

const folder = temporaryFolder();
const signal = new AbortController().signal;

/** What differs in kind: sound and subtitles, no times of their own, fields, pictures, a part of the film. */
const FILMS: readonly [name: string, file: string, args: readonly string[], settings: object, output: string][] = [
  ['with sound and chapters', 'sound.mkv', ['-f', 'lavfi', '-i', 'sine=d=1', ...H264, '-c:a', 'aac'], {}, 'out.mkv'],
  ['a stream without times', 'bare.h264', [...H264], {}, 'out.mp4'],
  [
    'of fields, cropped',
    'fields.mkv',
    ['-vf', 'interlace', ...H264, '-flags', '+ilme+ildct'],
    { deinterlace: 'on' },
    'o.mkv',
  ],
  ['a part of it, as pictures', 'part.mkv', [...H264], { trim: { startSeconds: 0.2, endSeconds: 0.8 } }, 'p/%04d.png'],
];

describe('a plan that was written down', () => {
  test.each(FILMS)('is the plan: %s', async (_, file, args, settings, output) => {
    const input = `${folder}/${file}`;
    ffmpeg(...pattern(1, { size: '64x48', rate: '10' }), ...args, input);
    const request = { input, settings: videoSettingsSchema.parse(settings) };
    const plan = await preparePlan(request, `${folder}/${output}`, { scale: 2 }, signal);
    const { json, times } = encodePlan(plan, folder);
    expect(json).not.toContain(folder);
    const here = decodePlan({ json, times }, folder);
    expect(here).toEqual(plan);
    // The same stream is the same object: what is upscaled is found by that.
    expect(here.source.streams).toContain(here.source.video);
    for (const entry of here.streams.order) if (entry !== null) expect(here.source.streams).toContain(entry.source);
    const elsewhere = decodePlan({ json, times }, '/mnt/films');
    expect(elsewhere.source.path).toBe(`/mnt/films/${file}`);
    expect(elsewhere.output).toBe(`/mnt/films/${output}`);
  });

  test('holds any plain data, and numbers that JSON has not', () => {
    const plain = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.string(),
        fc.double(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.float64Array({ maxLength: 8 }),
        fc.dictionary(fc.string(), tie('value'), { maxKeys: 4, noNullPrototype: true }),
      ),
    })).value;
    fc.assert(
      fc.property(plain, (value) => {
        const file = encodePlan({ value } as unknown as VideoPlan, '/mnt/store');
        expect(decodePlan(file, '/mnt/store')).toEqual({ value: normal(value) });
      }),
    );
  });

  test.each([
    ['a way out of the store', ['p', '../../etc/passwd']],
    ['a way from the root', ['p', '/etc/passwd']],
    ['a way that turns back', ['p', 'a/../../b']],
    ['a way with a NUL', ['p', 'a\0b']],
    ['no way at all', ['p', 7]],
    ['times that are not there', ['t', 0, 3]],
    ['times before the first', ['t', -1, 1]],
    ['more times than any film has', ['t', 0, 1e12]],
    ['an object that was not written', ['o', 4]],
    ['a kind that is not known', ['x', 1]],
    ['lists in lists without an end', nested(40)],
  ])('is refused with %s', (_, value) => {
    const json = JSON.stringify({ schema: 1, value: { value } });
    expect(() => decodePlan({ json, times: new Uint8Array(8) }, '/mnt/store')).toThrow(/damaged, or another version/);
  });
});

/** -0 is 0 in JSON, and nothing asks which. */
function normal(value: unknown): unknown {
  if (Object.is(value, -0)) return 0;
  if (Array.isArray(value)) return value.map(normal);
  if (value instanceof Float64Array || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, normal(entry)]));
}

function nested(depth: number): unknown {
  return depth === 0 ? 1 : ['l', nested(depth - 1)];
}
