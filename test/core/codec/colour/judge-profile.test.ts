import { writeFileSync } from 'node:fs';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { bufferSource } from '../../../../src/core/codec/bytes/byte-source.ts';
import type { Piece } from '../../../../src/core/codec/bytes/rewrite.ts';
import { jpegPieces } from '../../../../src/core/codec/formats/jpeg/jpeg-segments.ts';
import { pngPieces } from '../../../../src/core/codec/formats/png/png-chunks.ts';
import { webpPieces } from '../../../../src/core/codec/formats/webp/webp-chunks.ts';
import { NO_METADATA, openPicture } from '../../../../src/core/codec/index.ts';
import { makeTiff } from '../../../support/tiff-writer.ts';
import { decode, makeFolder, makeNoise, makeTwistedProfile, samplesOf, write } from '../pictures.ts';

const folder = makeFolder();
const SIDE = 8;

/** Only a header tells what a profile is for. */
function profileFor(space: string): Buffer {
  const icc = makeTwistedProfile();
  icc.write(space.padEnd(4), 16, 'latin1');
  return icc;
}

const profiles = {
  none: null,
  RGB: profileFor('RGB'),
  GRAY: profileFor('GRAY'),
  CMYK: profileFor('CMYK'),
  cut: makeTwistedProfile().subarray(0, 200),
  nonsense: Buffer.alloc(300, 'no profile '),
};
type Profile = keyof typeof profiles;

const LEFT_OUT =
  /has a (damaged )?colour profile( that (is damaged or )?does not suit its pixels)?: it was left out\.$/;
const PRESS =
  /is CMYK with(out)? a profile( that is not for it)?: it was converted to sRGB as printed by a usual press\.$/;

const table = (['png', 'jpeg', 'webp', 'tiff'] as const).flatMap((format) =>
  (['gray', 'RGB', 'CMYK'] as const).flatMap((pixels) => {
    if ((format === 'png' && pixels === 'CMYK') || (format === 'webp' && pixels !== 'RGB')) return [];
    return (Object.keys(profiles) as Profile[]).map((profile) => ({ format, pixels, profile }));
  }),
);

test.each(table)(
  '$format of $pixels pixels with a profile for $profile: kept, or said',
  async ({ format, pixels, profile }) => {
    const path = folder.path(`${format}-${pixels}-${profile}.${format}`);
    const icc = profiles[profile];
    writeFileSync(path, await make(format, pixels, icc));
    const { info, readPage } = await openPicture(path, { maxInputMegapixels: 1 });
    const { metadata, colour } = await readPage(0);
    expect(colour.channels).toBe(pixels === 'gray' ? 1 : 3);
    // libpng takes no RGB profile for gray.
    const suits = profile === 'RGB' ? pixels === 'RGB' || format !== 'png' : profile === 'GRAY' && pixels === 'gray';
    if (pixels === 'CMYK') {
      const said = profile === 'CMYK' ? /is CMYK: it was converted to sRGB through its profile\.$/ : PRESS;
      expect([metadata.icc, info.warnings]).toEqual([null, [expect.stringMatching(said)]]);
    } else if (profile === 'none' || suits) {
      expect([metadata.icc && Buffer.from(metadata.icc), info.warnings]).toEqual([icc, []]);
    } else expect([metadata.icc, info.warnings]).toEqual([null, [expect.stringMatching(LEFT_OUT)]]);
  },
);

test('CMYK with a profile that is not for it gets the colours of CMYK without any', async () => {
  for (const format of ['jpeg', 'tiff'] as const) {
    const read = async (profile: Profile) =>
      samplesOf((await decode(folder.path(`${format}-CMYK-${profile}.${format}`))).colour);
    for (const profile of ['RGB', 'GRAY', 'cut', 'nonsense'] as const)
      expect(await read(profile)).toEqual(await read('none'));
  }
});

test.each(
  (['png', 'jpeg', 'webp', 'tiff', 'avif'] as const).flatMap((format) =>
    ([1, 3] as const).flatMap((channels) =>
      (['RGB', 'GRAY'] as const).map((profile) => ({ format, channels, profile })),
    ),
  ),
)(
  '$format of $channels channels is written with a profile for $profile, or that is said',
  async ({ format, channels, profile }) => {
    const path = folder.path(`out-${channels}-${profile}.${format}`);
    const metadata = { ...NO_METADATA, icc: profiles[profile] };
    const warnings = await write(path, makeNoise(SIDE, SIDE, channels, 1), null, { format, metadata });
    const kept = (await sharp(path).metadata()).icc;
    if (warnings.length === 0) expect(kept).toEqual(profiles[profile]);
    else expect([kept, warnings]).toEqual([undefined, [expect.stringMatching(/profile.*was left out\.$/)]]);
  },
);

async function make(format: 'png' | 'jpeg' | 'webp' | 'tiff', pixels: 'gray' | 'RGB' | 'CMYK', icc: Buffer | null) {
  const bands = { gray: 1, RGB: 3, CMYK: 4 } as const;
  const samples = samplesOf(makeNoise(SIDE * bands[pixels], SIDE, 1, 1));
  const shape = { width: SIDE, height: SIDE, bits: 8, samplesPerPixel: bands[pixels] };
  const photometric = { gray: 1, RGB: 2, CMYK: 5 }[pixels];
  const tiff = (profile: object) =>
    makeTiff(pixels === 'CMYK' ? samples.fill(120) : samples, { ...shape, photometric, ...profile });
  if (format === 'tiff') return tiff(icc === null ? {} : { icc });
  const space = { gray: 'b-w', RGB: 'srgb', CMYK: 'cmyk' }[pixels];
  const bytes = await sharp(tiff({})).pipelineColourspace(space).toColourspace(space).toFormat(format).toBuffer();
  const [source, metadata] = [bufferSource(bytes), { ...NO_METADATA, icc }];
  const pieces: Piece[] =
    format === 'png'
      ? await pngPieces(source, metadata)
      : format === 'jpeg'
        ? await jpegPieces(source, metadata)
        : await webpPieces(source, metadata, { ...shape, alpha: false });
  return Buffer.concat(
    pieces.map((piece) => (piece instanceof Uint8Array ? piece : bytes.subarray(piece.start, piece.end))),
  );
}
