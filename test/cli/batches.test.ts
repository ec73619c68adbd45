import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { randomCompact } from '../core/model/writers/random-networks.ts';
import { temporaryFolder } from '../support/clips.ts';
import { upreel } from '../support/command.ts';
import { modelOf } from '../support/random-model.ts';

const folder = temporaryFolder();
const at = (...names: string[]): string => join(folder, ...names);
let small: Awaited<ReturnType<typeof modelOf>>;
let flags: string[];

beforeAll(async () => {
  small = await modelOf(randomCompact(4, 1, 2, 3));
  flags = ['-m', small.path, '--device', 'cpu', '--json', '--no-config'];
});
afterAll(() => small.dispose());

async function picture(path: string, alpha = false): Promise<void> {
  const { data, info } = await sharp({
    create: { width: 9, height: 7, channels: 3, background: '#345', noise: { type: 'gaussian', mean: 128, sigma: 30 } },
  })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const ramp = Buffer.from(Array.from({ length: 63 }, (_, i) => (i % 9) * 28));
  const raw = { width: info.width, height: info.height, channels: 3 } as const;
  const made = sharp(data, { raw });
  const joined = alpha ? made.joinChannel(ramp, { raw: { ...raw, channels: 1 } }) : made;
  await joined.png().toFile(path);
}

test('a tree goes on after failures, keeps its shape under -o, and is not done twice with --skip-existing', async () => {
  await mkdir(at('in', 'x', 'job.mkv.upreel'), { recursive: true });
  for (const name of ['a.png', 'x/b.png', 'x/a.png', 'x/job.mkv.upreel/c.png']) await picture(at('in', name));
  await writeFile(at('in', 'x', 'bad.png'), (await readFile(at('in', 'a.png'))).subarray(0, 120));
  await symlink(at('in'), at('in', 'x', 'round'));

  const first = await upreel([at('in'), '--recursive', '-o', at('out'), ...flags]);
  expect(first.code, first.out).toBe(9);
  expect(first.records.at(-1)).toMatchObject({ error: { message: '1 of 4 inputs failed.' } });
  expect(first.records.filter(({ type }) => type === 'failed')).toMatchObject([{ input: at('in', 'x', 'bad.png') }]);
  const results = (await readdir(at('out'), { recursive: true })).sort();
  expect(results).toEqual(['a.upreel-2x.png', 'x', 'x/a.upreel-2x.png', 'x/b.upreel-2x.png']);

  await picture(at('in', 'x', 'bad.png'));
  const before = await readFile(at('out', 'x', 'a.upreel-2x.png'));
  const second = await upreel([at('in'), '--recursive', '-o', at('out'), '--skip-existing', ...flags]);
  expect(second.code, second.out).toBe(0);
  expect(second.records.filter(({ type }) => type === 'done')).toMatchObject([{ input: at('in', 'x', 'bad.png') }]);
  expect(second.records.filter(({ code }) => code === 'skipped')).toMatchObject([
    { message: '3 of 4 inputs skipped: their results exist already.' },
  ]);
  expect(await readFile(at('out', 'x', 'a.upreel-2x.png'))).toEqual(before);

  const third = await upreel([at('in', '**', '*.png'), '-o', at('out'), '--skip-existing', ...flags]);
  expect(third.code, third.out).toBe(0);
  expect(third.records.filter(({ type }) => type === 'done')).toEqual([]);
}, 120_000);

test('pictures that differ in their ending alone get results of their own', async () => {
  await mkdir(at('same'));
  for (const name of ['a.png', 'a.webp', 'b.png']) await picture(at('same', name));
  const { code, out } = await upreel([at('same'), '-o', at('apart'), ...flags]);
  expect(code, out).toBe(0);
  const results = ['a.png.upreel-2x.png', 'a.webp.upreel-2x.png', 'b.upreel-2x.png'];
  expect((await readdir(at('apart'))).sort()).toEqual(results);
});

test('--format decides what a folder becomes, and holds nothing up that one file cannot be', async () => {
  await mkdir(at('mixed'));
  await picture(at('mixed', 'a.png'));
  await picture(at('mixed', 'clear.png'), true);
  await sharp(at('mixed', 'a.png')).jpeg().toFile(at('mixed', 'b.jpeg'));
  const becomes = async (format: string, code: number) => {
    const run = await upreel([at('mixed'), '-o', at(`as-${format}`), '--format', format, ...flags]);
    expect(run.code, run.out).toBe(code);
    return (await readdir(at(`as-${format}`))).sort();
  };
  expect(await becomes('jpg', 9)).toEqual(['a.upreel-2x.jpg', 'b.upreel-2x.jpg']);
  expect(await becomes('same', 0)).toEqual(['a.upreel-2x.png', 'b.upreel-2x.jpeg', 'clear.upreel-2x.png']);
  expect((await sharp(at('as-same', 'b.upreel-2x.jpeg')).metadata()).format).toBe('jpeg');
}, 60_000);

test('--alpha lanczos leaves the network to the colour', async () => {
  await picture(at('alpha.png'), true);
  const alphaBy = async (method: string): Promise<Buffer> => {
    const output = at(`alpha-${method}.png`);
    const { code, out } = await upreel([at('alpha.png'), '-o', output, '--alpha', method, ...flags]);
    expect(code, out).toBe(0);
    return sharp(output).extractChannel(3).raw().toBuffer();
  };
  const [network, lanczos] = [await alphaBy('network'), await alphaBy('lanczos')];
  expect(lanczos.equals(network)).toBe(false);
  // A ramp stays one away from the borders: half a step of 28 levels from column to column.
  expect([...lanczos.subarray(6, 12)]).toEqual([77, 91, 105, 119, 133, 147].map((level) => expect.closeTo(level, -1)));
  const refused = await upreel([at('alpha.png'), '-o', at('no.png'), '--alpha', 'drop', ...flags]);
  expect(refused.code).toBe(2);
  expect(refused.records.at(-1)).toMatchObject({ error: { hint: expect.stringContaining('--flatten') } });
});
