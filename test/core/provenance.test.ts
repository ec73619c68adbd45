import { createHash } from 'node:crypto';
import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { addMade, inspectPicture, madeIn, readMade } from '../../src/core/codec/index.ts';
import { type Making, markFilm, parseProvenance, provenanceText } from '../../src/core/provenance.ts';
import type { ImageRequest } from '../../src/core/still/image-request.ts';
import { upscaleImageFile } from '../../src/core/still/upscale-image.ts';
import { ffmpeg, temporaryFolder } from '../support/clips.ts';
import { imageRequest } from '../support/image-request.ts';
import { nearestUpscaler } from '../support/nearest-upscaler.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const MAKING: Making = {
  ...{ program: 'upreel 1.2.3', model: 'a<b>&"é', network: 'f'.repeat(64), device: 'cpu', preset: 'vhs' },
  options: { target: { scale: 2 }, quality: 80 },
};
const limits = { maxInputMegapixels: 1 };

describe('the line', () => {
  test('comes back as it was', () => {
    const name = fc.string({ maxLength: 250, unit: 'binary' });
    const flag = name.filter((key) => key !== '__proto__');
    const made = fc.record({ model: name, device: name, preset: fc.option(name), network: name });
    fc.assert(
      fc.property(made, name, fc.dictionary(flag, fc.jsonValue()), (facts, source, options) => {
        const provenance = { ...MAKING, ...facts, options, source: { name: source, bytes: 3, sha256: '0'.repeat(64) } };
        const line = provenanceText(provenance);
        expect(line).not.toContain('\n');
        expect(parseProvenance(line)).toEqual({ ...provenance, options: JSON.parse(JSON.stringify(options)) });
      }),
      { numRuns: 30 },
    );
  });

  test('leaves out an option that would be a prototype, and no flag is', () => {
    const text = provenanceText({ ...MAKING, options: { quality: 80 }, source: { name: 'a' } });
    const options = parseProvenance(text.replace('{"quality":80}', '{"__proto__":{"quality":1}}'))!.options;
    expect(Object.keys(options)).toEqual([]);
    expect('quality' in options).toBe(false);
  });

  test('leaves out options that would make it endless', () => {
    const long = provenanceText({ ...MAKING, options: { pre: 'x'.repeat(1e5) }, source: { name: 'a' } });
    expect(parseProvenance(long)).toMatchObject({ model: MAKING.model, options: {} });
  });

  test.each([
    '',
    'Lavf59.27.100',
    'upreel 0.1.0',
    'upreel 0.1.0 {"model":1}',
    'upreel 0.1.0 {',
    `upreel \u001b[2J {"model":"a"}`,
    `upreel 0.1.0 {"model":"${'x'.repeat(1e5)}"}`,
  ])('%.40j is none', (line) => expect(parseProvenance(line)).toBeNull());
});

test('a film is told by its size and ends: the middle is not read', async () => {
  const bytes = Buffer.alloc(3 << 20, 7);
  writeFileSync(at('film'), bytes);
  const { endsSha256 } = await markFilm(at('film'));
  const ends = Buffer.concat([bytes.subarray(0, 1 << 20), bytes.subarray(2 << 20)]);
  expect(endsSha256).toBe(createHash('sha256').update(ends).digest('hex'));
  writeFileSync(at('short'), 'abc');
  const short = { name: 'short', bytes: 3, endsSha256: createHash('sha256').update('abc').digest('hex') };
  expect(await markFilm(at('short'))).toEqual(short);
});

describe('in XMP', () => {
  const XMP = Buffer.from(
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><r:Description r:about="uuid:1" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="boat"/></r:RDF></x:xmpmeta>',
  );

  test('it stands beside what the source says, and takes the place of what was said of the source', () => {
    const once = addMade(XMP, 'upreel 1 <&>')!;
    const twice = addMade(once, 'upreel 2 <&>')!;
    expect(Buffer.from(twice).toString()).toContain('dc:format="boat"');
    expect([readMade(once), readMade(twice)]).toEqual(['upreel 1 <&>', 'upreel 2 <&>']);
    expect(twice.length).toBe(once.length);
  });

  test('it is read as other programs write it, and what is no XMP stays as it is', () => {
    const other = Buffer.from(
      '<z:RDF xmlns:z="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><z:Description xmlns:u.p="urn:upreel:made#" u.p:made="upreel&#x20;1 &quot;&#60;"/></z:RDF>',
    );
    expect(readMade(other)).toBe('upreel 1 "<');
    expect(readMade(addMade(other, 'upreel 2')!)).toBe('upreel 2');
    const noXmp = Buffer.from([0xff, 0xfe, 1]);
    expect(addMade(noXmp, 'upreel 1')).toBe(noXmp);
    expect(readMade(XMP)).toBeNull();
  });
});

describe.each(['png', 'jpg', 'webp', 'tif', 'avif', 'jxl', 'gif', 'ppm', 'pam', 'bmp', 'exr'])(
  'a picture in %s',
  (extension) => {
    const hasPlace = !['bmp', 'exr'].includes(extension);

    test(`${hasPlace ? 'tells how it was made' : 'has no place for that'}, without a path, and not with strip`, async () => {
      const input = at('source.png');
      if (extension === 'png') {
        const xmp = Buffer.from(addMade(null, 'upreel 0 {}')!).toString();
        await sharp({ create: { width: 8, height: 6, channels: 3, background: 'teal' } })
          .withXmp(xmp)
          .toFile(input);
      }
      const told = await upscaled(input, `told.${extension}`, { strip: false });
      const sha256 = createHash('sha256').update(readFileSync(input)).digest('hex');
      const source = { name: 'source.png', bytes: readFileSync(input).length, sha256 };
      expect(await provenanceIn(told)).toEqual(hasPlace ? { ...MAKING, source } : null);
      expect(readFileSync(told).includes(folder)).toBe(false);
      const quiet = await upscaled(input, `quiet.${extension}`, { strip: true });
      expect(await provenanceIn(quiet)).toBeNull();
      expect(readFileSync(quiet).includes('upreel')).toBe(false);
      const pixels = (path: string) => ffmpeg('-i', path, '-frames:v', '1', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-');
      if (extension !== 'avif') expect(pixels(told)).toEqual(pixels(quiet));
    });
  },
);

test('a picture may get the time of its source', async () => {
  const input = at('old.png');
  await sharp({ create: { width: 8, height: 6, channels: 3, background: 'teal' } }).toFile(input);
  const then = new Date('2001-02-03T04:05:06Z');
  utimesSync(input, then, then);
  expect(statSync(await upscaled(input, 'as-old.png', { keepTimes: true })).mtime).toEqual(then);
  expect(statSync(await upscaled(input, 'new.png', {})).mtime).not.toEqual(then);
});

async function provenanceIn(path: string) {
  return parseProvenance((await madeIn(await inspectPicture(path, limits))) ?? '');
}

async function upscaled(input: string, name: string, changes: Partial<ImageRequest>): Promise<string> {
  const output = at(name);
  const request = imageRequest(input, output, { gray: 'off', ...changes });
  const { signal } = new AbortController();
  const context = { upscaler: nearestUpscaler(2), model: 'nearest', making: MAKING, signal, onEvent: () => {} };
  await upscaleImageFile(request, context);
  return output;
}
