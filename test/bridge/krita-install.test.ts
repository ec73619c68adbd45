import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findKritaFolders } from '../../src/bridge/krita/index.ts';
import { CLI } from '../support/dist.ts';

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'upreel-home-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

describe('Krita’s folders', () => {
  test.each([
    ['linux', {}, ['.local/share/krita'], ['.local/share/krita']],
    ['linux', {}, ['.var/app/org.kde.krita/data/krita'], ['.var/app/org.kde.krita/data/krita']],
    ['linux', {}, ['snap/krita/101/.local/share/krita', 'snap/krita/common'], ['snap/krita/101/.local/share/krita']],
    ['darwin', {}, ['Library/Application Support/krita'], ['Library/Application Support/krita']],
    ['win32', {}, ['AppData/Roaming/krita'], ['AppData/Roaming/krita']],
    ['linux', {}, [], []],
  ] as const)('are found where %s keeps them', async (platform, env, there, expected) => {
    for (const folder of there) await mkdir(join(home, folder), { recursive: true });
    const found = await findKritaFolders({ platform, home, env });
    expect(found.map(({ folder }) => relative(home, folder))).toEqual(expected);
  });

  test('follow XDG_DATA_HOME', async () => {
    await mkdir(join(home, 'xdg/krita'), { recursive: true });
    const found = await findKritaFolders({ platform: 'linux', home, env: { XDG_DATA_HOME: join(home, 'xdg') } });
    expect(found.map(({ folder }) => relative(home, folder))).toEqual(['xdg/krita']);
  });
});

describe('upreel krita', { timeout: 180_000 }, () => {
  const modules = () => join(home, '.local/share/krita/pykrita');
  const folder = () => join(modules(), 'upreel_krita');

  beforeEach(() => mkdir(join(home, '.local/share/krita'), { recursive: true }));

  test('installs, checks and uninstalls', async () => {
    const installed = upreel('install');
    expect(installed.stdout).toContain(folder());
    expect(installed.stdout).toContain('Python Plugin Manager');
    expect((await readdir(modules())).sort()).toEqual(['upreel_krita', 'upreel_krita.desktop']);
    for (const name of await readdir(modules(), { recursive: true })) {
      expect((await stat(join(modules(), name))).mode & 0o022, name).toBe(0);
    }
    const config = JSON.parse(await readFile(join(folder(), 'bridge-config.json'), 'utf8')) as object;
    expect(config).toMatchObject({ node: process.execPath, cli: CLI });
    const checked = upreel('check');
    expect([checked.status, checked.stdout]).toEqual([0, expect.not.stringContaining('wrong')]);
    expect(upreel('uninstall').stdout).toContain(`Removed ${folder()}`);
    expect(await readdir(modules())).toEqual([]);
  });

  test.each([
    ['is not there', async () => rm(folder(), { recursive: true }), 'The plug-in is not in'],
    ['is not told of', async () => rm(join(modules(), 'upreel_krita.desktop')), '.desktop is missing'],
    ['is of another version', async () => writeFile(join(folder(), 'upscale.py'), '#'), 'of another version'],
  ])('check says what to do when the plug-in %s', async (_, harm, words) => {
    upreel('install');
    await harm();
    const { status, stdout } = upreel('check');
    expect(status).toBe(4);
    expect(stdout).toContain(words);
    expect(stdout).toContain('Run: upreel krita install');
    expect(upreel('install').status).toBe(0);
    expect(upreel('check').status).toBe(0);
  });

  test('leaves alone what is not its own', async () => {
    await mkdir(folder(), { recursive: true });
    await writeFile(join(folder(), 'theirs.py'), '');
    expect(upreel('install').status).toBe(2);
    expect(await readdir(folder())).toEqual(['theirs.py']);
  });

  test('says so where there is no Krita', async () => {
    await rm(join(home, '.local'), { recursive: true });
    const { status, stderr } = upreel('install');
    expect([status, stderr]).toEqual([3, expect.stringContaining('Start Krita 5 once')]);
  });

  function upreel(...args: string[]) {
    const env = { PATH: process.env.PATH, HOME: home };
    const command = ['-c', 'umask 000; exec "$@"', 'sh', process.execPath, CLI, 'krita', ...args];
    return spawnSync('sh', command, { env, encoding: 'utf8' });
  }
});
