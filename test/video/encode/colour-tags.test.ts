import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeRaster } from '../../../src/core/pixels/raster.ts';
import { startEncoder } from '../../../src/video/encode/encoder-process.ts';
import { planVideo } from '../../../src/video/plan/plan-video.ts';
import { preparePicture } from '../../../src/video/plan/prepare-picture.ts';
import type { VideoPlan } from '../../../src/video/plan/video-plan.ts';
import { videoSettingsSchema } from '../../../src/video/settings.ts';
import { readSource, type SourceFacts } from '../../../src/video/source/read-source.ts';
import type { ColourTags } from '../../../src/video/source/video-info.ts';
import { ffmpeg, pattern, temporaryFolder, videoOf } from '../../support/clips.ts';
import { upscaleClip } from '../../support/upscale-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const { signal } = new AbortController();

/** As ffprobe prints them: every value that ffmpeg knows. */
const TRANSFERS = [
  ...['bt709', 'bt470m', 'bt470bg', 'smpte170m', 'smpte240m', 'linear', 'log100', 'log316', 'iec61966-2-4', 'bt1361e'],
  ...['iec61966-2-1', 'bt2020-10', 'bt2020-12', 'smpte2084', 'smpte428', 'arib-std-b67'],
];
const PRIMARIES = [
  ...['bt709', 'bt470m', 'bt470bg', 'smpte170m', 'smpte240m', 'film', 'bt2020', 'smpte428', 'smpte431', 'smpte432'],
  'ebu3213',
];
const MATRICES = ['bt709', 'fcc', 'bt470bg', 'smpte170m', 'smpte240m', 'bt2020nc'];
const LOCATIONS = ['left', 'center', 'topleft', 'top', 'bottomleft', 'bottom'];
const RANGES = ['tv', 'pc'] as const;

const ENCODERS = [
  ['libx264', ['mp4', 'mkv', 'mov']],
  ['libx265', ['mp4', 'mkv', 'mov']],
  ['libsvtav1', ['mp4', 'mkv', 'webm']],
  ['libaom-av1', ['mp4', 'mkv', 'webm']],
  ['libvpx-vp9', ['mp4', 'mkv', 'webm']],
  ['prores_ks', ['mov', 'mkv']],
  ['ffv1', ['mkv']],
] as const;

let facts: SourceFacts;

beforeAll(async () => {
  ffmpeg(...pattern(0.2, { size: '48x32', rate: '5' }), '-c:v', 'ffv1', '-pix_fmt', 'yuv420p', at('plain.mkv'));
  facts = await readSource(at('plain.mkv'), videoSettingsSchema.parse({}), signal);
});

describe.each(ENCODERS)('%s', (encoder, containers) => {
  test('keeps every tag that ffmpeg knows, or says before the work which it cannot', async () => {
    const lost = new Set<string>();
    const coded: { tags: ColourTags; plan: VideoPlan; segment: string; file: string }[] = [];
    for (const [index, transfer] of TRANSFERS.entries()) {
      const tags: ColourTags = {
        transfer,
        primaries: PRIMARIES[index % PRIMARIES.length]!,
        matrix: MATRICES[index % MATRICES.length]!,
        range: RANGES[index % 2]!,
        // Not in step with the range.
        chromaLocation: LOCATIONS[(index + Math.floor(index / 6)) % LOCATIONS.length]!,
      };
      const extension = containers[index % containers.length]!;
      const plan = await planFor(encoder, tags, extension);
      const segment = at(`${encoder}-${index}.segment${plan.encoder.segmentContainer.extension}`);
      await encodeFrame(plan, segment);
      coded.push({ tags, plan, segment, file: at(`${encoder}-${index}.${extension}`) });
    }
    copyAll(coded);
    for (const { tags, plan, file } of coded) {
      const found = tagsOf(file);
      const said = plan.warnings.filter(({ code }) => code === 'colour-tags').map(({ message }) => message);
      const marked = plan.resultColour.tags;
      expect(found).toMatchObject({
        transfer: tags.transfer,
        primaries: marked.primaries,
        matrix: marked.matrix,
        range: marked.range,
      });
      if (found.primaries !== tags.primaries) lost.add(`primaries ${tags.primaries}`);
      if (found.matrix !== tags.matrix) lost.add(`matrix ${tags.matrix}`);
      for (const kind of ['primaries', 'matrix'] as const) {
        if (found[kind] !== tags[kind]) expect(said.join()).toContain(tags[kind]!);
      }
      // Chroma that cannot be marked lies where players expect it.
      if (found.chromaLocation !== marked.chromaLocation) expect(marked.chromaLocation).toBe('left');
      if (encoder !== 'prores_ks') expect(found.range).toBe(tags.range);
    }
    expect([...lost]).toEqual(LOST[encoder] ?? []);
  });
});

const LOST: Readonly<Record<string, readonly string[]>> = {
  libx264: ['primaries ebu3213'],
  libx265: ['primaries ebu3213'],
  'libvpx-vp9': ['matrix fcc'],
};

test.each(['bt470m', 'bt470bg'])('a film with the transfer %s keeps it, from end to end', async (transfer) => {
  // x264 and ffmpeg name it by its gamma.
  const option = transfer === 'bt470m' ? 'gamma22' : 'gamma28';
  const marks = [
    '-vf',
    `setparams=color_trc=${transfer}:color_primaries=bt470bg:colorspace=bt470bg`,
    '-color_trc',
    option,
  ];
  const space = ['-colorspace', 'bt470bg', '-color_primaries', 'bt470bg', '-c:v', 'libx264', '-pix_fmt', 'yuv420p'];
  ffmpeg(...pattern(0.4), ...marks, ...space, at(`${transfer}.mp4`));
  await upscaleClip(at(`${transfer}.mp4`), at(`${transfer}-out.mp4`));
  const expected = { color_transfer: transfer, color_primaries: 'bt470bg', color_space: 'bt470bg' };
  expect(videoOf(at(`${transfer}-out.mp4`))).toMatchObject(expected);
});

test.each([
  ['854x480', null],
  ['1280x720', { x: 0, y: 0, width: 64, height: 48 }],
  ['854x480', { x: 100, y: 100, width: 64, height: 48 }],
])('the matrix of an untagged film of %s is guessed from its whole size, also for %j of it', async (size, crop) => {
  ffmpeg(
    ...pattern(0.2, { size, rate: '5' }),
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-pix_fmt',
    'yuv420p',
    at('whole.mp4'),
  );
  const settings = crop === null ? { target: { kind: 'scale', scale: 0.25 } } : { crop };
  await upscaleClip(at('whole.mp4'), at('guessed.mp4'), { settings: { overwrite: true, ...settings } as object });
  expect(videoOf(at('guessed.mp4')).color_space).toBe(size === '854x480' ? 'smpte170m' : 'bt709');
});

test.each(['ycgco', 'bt2020c', 'ictcp'])(
  'a matrix that ffmpeg cannot convert, %s, is said before the work',
  async (matrix) => {
    const plan = await planFor('libx264', { ...NO_TAGS, matrix }, 'mkv');
    expect(plan.warnings.find(({ code }) => code === 'colour-tags')?.message).toContain(matrix);
    expect(plan.resultColour.tags.matrix).toBe(matrix === 'bt2020c' ? 'bt2020nc' : 'smpte170m');
  },
);

const NO_TAGS: ColourTags = { matrix: null, range: null, primaries: null, transfer: null, chromaLocation: null };

async function planFor(encoder: string, colour: ColourTags, extension: string): Promise<VideoPlan> {
  const source = { ...facts.source, video: { ...facts.source.video, colour } };
  const request = { output: at(`out.${extension}`), settings: videoSettingsSchema.parse({ encoder, quality: 50 }) };
  const picture = await preparePicture({ ...facts, source }, request, signal);
  return planVideo(source, facts.scan, request, 2, picture);
}

/** As a segment would be. */
async function encodeFrame(plan: VideoPlan, segment: string): Promise<void> {
  const encoder = startEncoder(plan, segment, null, signal);
  try {
    const raster = makeRaster(plan.networkSize.width, plan.networkSize.height, { ...plan.format, channels: 3 });
    await encoder.write({ raster, ptsTicks: 0, release: () => {} });
    await encoder.finish();
  } finally {
    await encoder.stop();
  }
}

/** Into the outputs' containers, in one run of ffmpeg. */
function copyAll(files: readonly { readonly segment: string; readonly file: string }[]): void {
  const inputs = files.flatMap(({ segment }) => ['-i', segment]);
  ffmpeg(...inputs, ...files.flatMap(({ file }, index) => ['-map', `${index}`, '-c', 'copy', file]));
}

function tagsOf(file: string): ColourTags {
  const video = videoOf(file);
  return {
    matrix: video.color_space ?? null,
    range: (video.color_range ?? null) as ColourTags['range'],
    primaries: video.color_primaries ?? null,
    transfer: video.color_transfer ?? null,
    chromaLocation: video.chroma_location ?? null,
  };
}
