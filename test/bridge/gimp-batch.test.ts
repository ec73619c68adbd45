import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { joinAlpha, openPicture } from '../../src/core/codec/index.ts';
import { type GimpCheck, type GimpProfileFolder, openGimpProfile } from '../support/gimp-checks.ts';
import { reasonWithoutGimp, runUpreel } from '../support/gimp-tree.ts';
import { testModel } from '../support/models.ts';
import { drawn, isThorough } from '../support/thorough.ts';

const MODEL = 'realesr-animevideov3-x2';
const MINUTES = 60_000;
const reason = reasonWithoutGimp();

describe.skipIf(reason !== null)(`GIMP 3 without a screen${reason === null ? '' : ` (skipped: ${reason})`}`, () => {
  let gimp: GimpProfileFolder;
  let checks: GimpCheck[] = [];

  beforeAll(async () => {
    await testModel(MODEL);
    gimp = await openGimpProfile();
    checks = await gimp.run('batch', isThorough ? { UPREEL_FUZZ: '1' } : {});
  }, 40 * MINUTES);
  afterAll(() => gimp?.close());

  test('upscales every kind of image into every target, and refuses what it must', () => {
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
    const kinds = checks.filter(({ kind }) => kind !== undefined);
    for (const { name, differences, targets } of kinds)
      expect(Object.keys(differences as object), name).toEqual(targets);
    // Two of 18 precisions travel as they are: RGB and gray, two profiles each, with and without alpha; so do palettes.
    expect(kinds.filter(({ targets }) => (targets as string[]).length === 3)).toHaveLength(drawn(2, 18) * 4 * 2 + 4);
    expect(kinds).toHaveLength(drawn(2 * 4 * 2 + 16 * 4, 18 * 4 * 2) + 4);
    // Of every two facts, all that either can be come together: 18 precisions, 4 bases with profile, alpha, targets.
    const facts = kinds.flatMap(({ kind, targets }) => {
      const [base, precision, alpha, profile] = kind as [string, string, boolean, string];
      const rows = (targets as string[]).map((target) => [`${base} ${profile}`, precision, alpha, target]);
      return base === 'indexed' ? [] : rows;
    });
    const values = [4, 18, 2, 3];
    for (const [one, count] of values.entries()) {
      for (const [other, otherCount] of values.entries()) {
        const pairs = new Set(facts.map((row) => `${row[one]}, ${row[other]}`));
        expect(pairs.size, `facts ${one} and ${other}`).toBe(one === other ? count : count * otherCount);
      }
    }
    expect(checks.length).toBeGreaterThan(2 * kinds.length + 20);
  });

  test(
    'gives the pixels and the profile that upreel gives for the exported file',
    async () => {
      const names = (await readdir(gimp.pictures)).filter((name) => name.endsWith('.source.png'));
      expect(names.length).toBe(17);
      const sources = names.map((name) => join(gimp.pictures, name));
      const made = join(gimp.folder, 'made');
      const flags = ['-o', made, '-m', MODEL, '--device', 'cpu', '--no-tui'];
      const { code, output } = await runUpreel([...sources, ...flags]);
      expect(code, output).toBe(0);
      for (const name of names) {
        const stem = name.slice(0, -'.source.png'.length);
        const expected = await readPng(join(made, `${stem}.source.upreel-2x.png`));
        const got = await readPng(join(gimp.pictures, `${stem}.result.png`));
        expect(Buffer.compare(got.pixels, expected.pixels), stem).toBe(0);
        expect(got.icc, stem).toEqual(expected.icc);
      }
    },
    15 * MINUTES,
  );
});

async function readPng(path: string): Promise<{ pixels: Uint8Array; icc: Uint8Array | null }> {
  const reader = await openPicture(path, { maxInputMegapixels: 10 });
  const { colour, alpha } = await reader.readPage(0);
  return { pixels: alpha === null ? colour.data : joinAlpha(colour, alpha), icc: reader.info.metadata.icc };
}
