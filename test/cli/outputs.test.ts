import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { distinctStems } from '../../src/cli/inputs/distinct-names.ts';
import { expandInputs } from '../../src/cli/inputs/inputs.ts';
import { planOutputs } from '../../src/cli/inputs/outputs.ts';
import { outputPath } from '../../src/core/files/output-name.ts';
import { jobFolderFor } from '../../src/store/index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'upreel-cli-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Paths below `folder` and kinds of what the arguments mean. */
async function expand(paths: readonly string[], options: { output?: string; recursive?: boolean } = {}) {
  const { output, recursive = false } = options;
  const { inputs } = await expandInputs(
    paths.map((path) => join(folder, path)),
    { output, recursive },
  );
  return inputs.map(({ path, below }) => [relative(folder, path), below]);
}

async function write(...names: string[]): Promise<void> {
  for (const name of names) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), 'x');
  }
}

describe('expandInputs', () => {
  test('takes a folder’s pictures and videos by name, but neither its results nor its other files', async () => {
    await write('b.JPG', 'a.png', 'c.mp4', 'notes.txt', 'a.upreel-4x.png', '.upreel-1-ff-a.png', 'sub/d.png');
    const { inputs } = await expandInputs([folder], { output: undefined, recursive: false });
    expect(inputs).toEqual([
      { path: join(folder, 'a.png'), kind: 'image', below: '' },
      { path: join(folder, 'b.JPG'), kind: 'image', below: '' },
      { path: join(folder, 'c.mp4'), kind: 'video', below: '' },
    ]);
  });

  test('goes down only when asked, never into folders of jobs or hidden ones, and not twice around a loop', async () => {
    await write('t/a.png', 't/x/b.png', 't/x/y/c.png', 't/film.mkv.upreel/seg.mkv', 't/.thumbs/d.png');
    await symlink(join(folder, 't'), join(folder, 't/x/loop'));
    await symlink(join(folder, 'nosuch'), join(folder, 't/gone.png'));
    expect(await expand(['t'])).toEqual([['t/a.png', '']]);
    expect(await expand(['t'], { recursive: true })).toEqual([
      ['t/a.png', ''],
      ['t/x/b.png', 'x'],
      ['t/x/y/c.png', 'x/y'],
    ]);
  });

  test('follows a link to a folder elsewhere', async () => {
    await write('real/a.png', 't/b.png');
    await symlink(join(folder, 'real'), join(folder, 't/linked'));
    expect(await expand(['t'], { recursive: true })).toEqual([
      ['t/b.png', ''],
      ['t/linked/a.png', 'linked'],
    ]);
  });

  test('expands patterns, takes a file of that very name first, and says so where nothing matches', async () => {
    await write('t/a.png', 't/b.jpg', 't/x/c.png', 't/a.upreel-2x.png', 't/[ab].png', 't/note.txt');
    expect(await expand(['t/*.png'])).toEqual([
      ['t/[ab].png', ''],
      ['t/a.png', ''],
    ]);
    expect(await expand(['t/[ab].png'])).toEqual([['t/[ab].png', null]]);
    expect(await expand(['t/[ab].*'])).toEqual([
      ['t/a.png', ''],
      ['t/b.jpg', ''],
    ]);
    expect(await expand(['t/**/c.*'])).toEqual([['t/x/c.png', 'x']]);
    expect(await expand(['t/?'])).toEqual([['t/x/c.png', 'x']]);
    await expect(expand(['t/*.gif'])).rejects.toMatchObject({ code: 'usage', message: /matches/ });
    await expect(expand(['nosuch/*.gif'])).rejects.toMatchObject({ code: 'usage' });
  });

  test('goes by the first bytes where the name says nothing, and keeps a file named twice once', async () => {
    const path = join(folder, 'photo');
    await writeFile(path, Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 0]));
    const { inputs } = await expandInputs([path, path], { output: undefined, recursive: false });
    expect(inputs).toEqual([{ path, kind: 'image', below: null }]);
  });

  test('passes over what systems leave beside pictures', async () => {
    await write('t/a.png', 't/._a.png', 't/.DS_Store', 't/Thumbs.db', 't/desktop.ini', 't/ehthumbs.db', 't/._a.mov');
    expect(await expand(['t'])).toEqual([['t/a.png', '']]);
    expect(await expand(['t/*'])).toEqual([['t/a.png', '']]);
    await expect(expand(['t/._*'])).rejects.toMatchObject({ code: 'usage' });
  });

  test.runIf(process.platform === 'linux')('tells of names that are no UTF-8 (needs Linux)', async () => {
    const latin1 = (name: string): Buffer => Buffer.concat([Buffer.from(`${folder}/t/`), Buffer.from(name, 'latin1')]);
    const warningsFor = async (path: string) =>
      (await expandInputs([join(folder, path)], { output: undefined, recursive: true })).warnings;
    await write('t/caf\u00e9.png', 't/x/b.png');
    expect(await warningsFor('t')).toEqual([]);
    for (const name of ['caf\u00e9.jpg', '\u00e9t\u00e9.mp4', 'r\u00e9sum\u00e9.txt'])
      await writeFile(latin1(name), 'x');
    expect(await warningsFor('t')).toEqual([expect.stringMatching(/^2 names are no UTF-8.*caf\ufffd\.jpg/)]);
    expect(await warningsFor('t/c*')).toEqual([expect.stringMatching(/^1 name is no UTF-8.*caf\ufffd\.jpg/)]);
    expect(await warningsFor('t/caf\ufffd.jpg')).toEqual([expect.stringMatching(/^1 name is no UTF-8/)]);
    await mkdir(latin1('b\u00e9b\u00e9'));
    expect(await warningsFor('t')).toEqual([expect.stringMatching(/^3 names are no UTF-8/)]);
    expect((await expandInputs([join(folder, 't')], { output: undefined, recursive: false })).warnings).toEqual([
      expect.stringMatching(/^2 names are no UTF-8/),
    ]);
    await rm(join(folder, 't', 'caf\u00e9.png'));
    await expect(expand(['t/c*'])).rejects.toMatchObject({ code: 'usage', hint: expect.stringContaining('no UTF-8') });
  });

  test('takes a GIF as a video if the result is one', async () => {
    const path = join(folder, 'anim.gif');
    await writeFile(path, 'GIF89a\0\0');
    const kind = async (output: string | undefined) =>
      (await expandInputs([path], { output, recursive: false })).inputs[0]?.kind;
    expect(await kind('out.mkv')).toBe('video');
    expect(await kind(undefined)).toBe('image');
  });

  test('takes an APNG as a video if the result is one, and a still PNG never', async () => {
    const png = await sharp({ create: { width: 2, height: 2, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    const control = Buffer.from('00000008' + '6163544c' + '0000000200000000' + '00000000', 'hex');
    await writeFile(join(folder, 'still.png'), png);
    await writeFile(join(folder, 'anim.png'), Buffer.concat([png.subarray(0, 33), control, png.subarray(33)]));
    const kind = async (name: string, output: string | undefined) =>
      (await expandInputs([join(folder, name)], { output, recursive: false })).inputs[0]?.kind;
    expect(await kind('anim.png', 'out.webm')).toBe('video');
    expect(await kind('anim.png', 'out.gif')).toBe('image');
    expect(await kind('anim.png', undefined)).toBe('image');
    expect(await kind('still.png', 'out.webm')).toBe('image');
  });

  test('refuses a folder without pictures and videos', async () => {
    await expect(expand([''])).rejects.toMatchObject({ code: 'usage', hint: /--recursive/ });
  });
});

describe('planOutputs', () => {
  test('writes beside each input, in its container if upreel writes that, else in Matroska', async () => {
    const inputs = [
      { path: '/films/a.avi', kind: 'video', below: null },
      { path: '/films/b.mp4', kind: 'video', below: null },
      { path: '/films/c.jpg', kind: 'image', below: null },
    ] as const;
    const rules = await planOutputs(inputs, undefined);
    expect(rules.map((rule) => outputPath(rule, { kind: 'native' }, 4))).toEqual([
      '/films/a.upreel-4x.mkv',
      '/films/b.upreel-4x.mp4',
      '/films/c.upreel-4x.png',
    ]);
  });

  test('takes -o as a file for one input, and as a folder that it makes for several', async () => {
    const one = { path: '/films/a.png', kind: 'image', below: null } as const;
    const two = { path: '/films/b.png', kind: 'image', below: null } as const;
    const target = join(folder, 'out');
    expect(await planOutputs([one], target)).toEqual([{ kind: 'file', path: target }]);
    const rules = await planOutputs([one, two], target);
    expect(rules.map((rule) => outputPath(rule, { kind: 'scale', scale: 2 }, 4))).toEqual([
      join(target, 'a.upreel-2x.png'),
      join(target, 'b.upreel-2x.png'),
    ]);
  });

  test('refuses names that no disk takes, in bytes', async () => {
    const pathOf = async (name: string, output?: string) => {
      const [rule] = await planOutputs([{ path: `/films/${name}`, kind: 'image', below: null }], output);
      return basename(outputPath(rule!, { kind: 'native' }, 4));
    };
    expect(await pathOf(`${'a'.repeat(241)}.png`)).toHaveLength(255);
    await expect(pathOf(`${'\u00e9'.repeat(121)}.png`)).rejects.toThrow(/would have 256 bytes, at most 255/);
    expect(await pathOf('a.png', `${'a'.repeat(251)}.png`)).toHaveLength(255);
    await expect(pathOf('a.png', `${'a'.repeat(252)}.png`)).rejects.toMatchObject({ code: 'usage', hint: /-o/ });
  });

  test('leave room for the folder of a job', () => {
    for (const name of ['a', '\u00e9', '\u{1f3ac}']) {
      for (let bytes = 240; bytes <= 255; bytes++) {
        const output = `/films/${name.repeat(255).slice(0, Math.floor((bytes - 4) / Buffer.byteLength(name)) * name.length)}.mkv`;
        for (const workDir of [null, '/work']) {
          const job = basename(jobFolderFor(output, workDir));
          expect(Buffer.byteLength(job)).toBeLessThanOrEqual(255);
          expect(job).toMatch(/\.upreel$/);
          expect(Buffer.from(job).toString()).toBe(job);
        }
      }
    }
    expect(jobFolderFor('/films/a.mkv', null)).toBe('/films/a.mkv.upreel');
    const long = `/films/${'a'.repeat(250)}`;
    expect(jobFolderFor(`${long}1.mkv`, null)).not.toBe(jobFolderFor(`${long}2.mkv`, null));
  });

  test('gives what lies below a folder the same place in the folder of -o, even if it is one file', async () => {
    const inputs = [{ path: '/films/x/y/a.png', kind: 'image', below: 'x/y' }] as const;
    const target = join(folder, 'out');
    expect(await planOutputs(inputs, target)).toMatchObject([{ kind: 'derived', folder: join(target, 'x/y') }]);
    expect((await stat(join(target, 'x/y'))).isDirectory()).toBe(true);
    expect(await planOutputs(inputs, undefined)).toMatchObject([{ folder: '/films/x/y' }]);
  });

  test('refuses a file where a folder is needed', async () => {
    const jpeg = { path: '/films/a.jpg', kind: 'image', below: null } as const;
    const png = { path: '/films/b.png', kind: 'image', below: null } as const;
    await writeFile(join(folder, 'file'), 'x');
    await expect(planOutputs([jpeg, png], join(folder, 'file'))).rejects.toThrow(/Expected a folder/);
    await mkdir(join(folder, 'dir'));
    expect((await planOutputs([jpeg], join(folder, 'dir')))[0]).toMatchObject({ folder: join(folder, 'dir') });
  });
});

describe('results that would get one name', () => {
  const digits = /-[0-9a-f]{8}$/;
  const stems = (paths: readonly string[]) =>
    distinctStems(paths.map((path) => ({ path, folder: '/out', extension: '.png' })));

  test.each<[string[], string[]]>([
    [['/a/photo.jpg'], ['photo']],
    [
      ['/a/photo.jpg', '/a/photo.png', '/a/other.png'],
      ['photo.jpg', 'photo.png', 'other'],
    ],
    [
      ['/a/PHOTO.jpg', '/a/photo.png'],
      ['PHOTO.jpg', 'photo.png'],
    ],
    [
      ['/a/photo.jpg', '/b/photo.jpg'],
      ['a-photo', 'b-photo'],
    ],
    [
      ['/a/photo.jpg', '/a/photo.png', '/b/photo.jpg'],
      ['a-photo.jpg', 'a-photo.png', 'b-photo.jpg'],
    ],
    [
      ['/a/caf\u00e9.jpg', '/a/cafe\u0301.png'],
      ['caf\u00e9.jpg', 'cafe\u0301.png'],
    ],
  ])('%j are told apart by ending, then by folder', (paths, expected) => {
    expect(stems(paths)).toEqual(expected);
  });

  test('are told apart by digits where nothing else does', () => {
    for (const paths of [
      ['/x/a/photo.jpg', '/y/a/photo.jpg'],
      ['/a/photo.JPG', '/a/PHOTO.jpg'],
    ]) {
      const names = stems(paths);
      expect(new Set(names).size).toBe(2);
      for (const name of names) expect(name).toMatch(digits);
    }
    expect(stems(['/a/photo.jpg', '/a/photo.png', '/a/photo.jpg.webp'])).toEqual([
      expect.stringMatching(digits),
      'photo.png',
      expect.stringMatching(digits),
    ]);
  });

  test('never share one, whatever the inputs are called, and do not depend on their order', () => {
    const name = fc.array(fc.constantFrom('a', 'A', 'b', '-', '.jpg', '.png'), { minLength: 1, maxLength: 4 });
    const path = fc.tuple(fc.constantFrom('/a', '/b', '/x/a'), name).map(([at, parts]) => `${at}/${parts.join('')}`);
    fc.assert(
      fc.property(fc.uniqueArray(path, { maxLength: 12 }), (paths) => {
        const names = stems(paths);
        expect(new Set(names.map((it) => it.toLowerCase())).size).toBe(paths.length);
        expect(stems([...paths].reverse())).toEqual([...names].reverse());
      }),
    );
  });
});
