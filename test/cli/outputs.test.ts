import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { expandInputs } from '../../src/cli/inputs.ts';
import { planOutputs } from '../../src/cli/outputs.ts';
import { outputPath } from '../../src/core/output-name.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'upreel-cli-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('expandInputs', () => {
  test('takes a folder’s pictures and videos by name, but neither its results nor its other files', async () => {
    for (const name of ['b.JPG', 'a.png', 'c.mp4', 'notes.txt', 'a.upreel-4x.png', '.upreel-1-ff-a.png']) {
      await writeFile(join(folder, name), 'x');
    }
    const inputs = await expandInputs([folder], undefined);
    expect(inputs).toEqual([
      { path: join(folder, 'a.png'), kind: 'image' },
      { path: join(folder, 'b.JPG'), kind: 'image' },
      { path: join(folder, 'c.mp4'), kind: 'video' },
    ]);
  });

  test('goes by the first bytes where the name says nothing, and keeps a file named twice once', async () => {
    const path = join(folder, 'photo');
    await writeFile(path, Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 0]));
    expect(await expandInputs([path, path], undefined)).toEqual([{ path, kind: 'image' }]);
  });

  test('takes a GIF as a video if the result is one', async () => {
    const path = join(folder, 'anim.gif');
    await writeFile(path, 'GIF89a\0\0');
    expect((await expandInputs([path], 'out.mkv'))[0]?.kind).toBe('video');
    expect((await expandInputs([path], undefined))[0]?.kind).toBe('image');
  });

  test('refuses a folder without pictures and videos', async () => {
    await expect(expandInputs([folder], undefined)).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('planOutputs', () => {
  test('writes beside each input, in its container if upreel writes that, else in Matroska', async () => {
    const inputs = [
      { path: '/films/a.avi', kind: 'video' },
      { path: '/films/b.mp4', kind: 'video' },
      { path: '/films/c.jpg', kind: 'image' },
    ] as const;
    const rules = await planOutputs(inputs, undefined);
    expect(rules.map((rule) => outputPath(rule, { kind: 'native' }, 4))).toEqual([
      '/films/a.upreel-4x.mkv',
      '/films/b.upreel-4x.mp4',
      '/films/c.upreel-4x.png',
    ]);
  });

  test('takes -o as a file for one input, and as a folder that it makes for several', async () => {
    const one = { path: '/films/a.png', kind: 'image' } as const;
    const two = { path: '/films/b.png', kind: 'image' } as const;
    const target = join(folder, 'out');
    expect(await planOutputs([one], target)).toEqual([{ kind: 'file', path: target }]);
    const rules = await planOutputs([one, two], target);
    expect(rules.map((rule) => outputPath(rule, { kind: 'scale', scale: 2 }, 4))).toEqual([
      join(target, 'a.upreel-2x.png'),
      join(target, 'b.upreel-2x.png'),
    ]);
  });

  test('refuses two inputs that would get one result, and a file where a folder is needed', async () => {
    const jpeg = { path: '/films/a.jpg', kind: 'image' } as const;
    const png = { path: '/films/a.png', kind: 'image' } as const;
    await expect(planOutputs([jpeg, png], undefined)).rejects.toThrow(/same result name/);
    await writeFile(join(folder, 'file'), 'x');
    await expect(planOutputs([jpeg, png], join(folder, 'file'))).rejects.toThrow(/Expected a folder/);
    await mkdir(join(folder, 'dir'));
    expect((await planOutputs([jpeg], join(folder, 'dir')))[0]).toMatchObject({ folder: join(folder, 'dir') });
  });
});
