import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { po } from 'gettext-parser';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findGimpProfiles } from '../../src/bridge/gimp/index.ts';
import { CLI } from '../support/dist.ts';

const PLUG_IN = fileURLToPath(new URL('../../plugins/gimp-bridge/upreel/', import.meta.url));

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'upreel-home-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

describe('GIMP 3 profiles', () => {
  test.each([
    [
      'linux',
      {},
      ['.config/GIMP/3.0', '.config/GIMP/3.2', '.config/GIMP/2.10'],
      ['.config/GIMP/3.0', '.config/GIMP/3.2'],
    ],
    ['linux', {}, ['.var/app/org.gimp.GIMP/config/GIMP/3.0'], ['.var/app/org.gimp.GIMP/config/GIMP/3.0']],
    ['linux', {}, ['snap/gimp/511/.config/GIMP/3.0', 'snap/gimp/common'], ['snap/gimp/511/.config/GIMP/3.0']],
    ['darwin', {}, ['Library/Application Support/GIMP/3.0'], ['Library/Application Support/GIMP/3.0']],
    ['win32', {}, ['AppData/Roaming/GIMP/3.2'], ['AppData/Roaming/GIMP/3.2']],
    ['linux', {}, [], []],
  ] as const)('are found where %s keeps them', async (platform, env, there, expected) => {
    for (const folder of there) await mkdir(join(home, folder), { recursive: true });
    const found = await findGimpProfiles({ platform, home, env });
    expect(found.map(({ folder }) => relative(home, folder))).toEqual(expected);
  });

  test('follow XDG_CONFIG_HOME and GIMP3_DIRECTORY', async () => {
    await mkdir(join(home, 'xdg/GIMP/3.0'), { recursive: true });
    const env = { XDG_CONFIG_HOME: join(home, 'xdg'), GIMP3_DIRECTORY: join(home, 'own') };
    const found = await findGimpProfiles({ platform: 'linux', home, env });
    expect(found.map(({ folder }) => relative(home, folder))).toEqual(['own', 'xdg/GIMP/3.0']);
  });
});

describe('upreel gimp', { timeout: 180_000 }, () => {
  const folder = () => join(home, '.config/GIMP/3.0/plug-ins/upreel');

  beforeEach(() => mkdir(join(home, '.config/GIMP/3.0'), { recursive: true }));

  test('installs, checks and uninstalls', async () => {
    const installed = upreel('install');
    expect(installed.stdout).toContain(folder());
    for (const name of await readdir(folder(), { recursive: true })) {
      const { mode } = await stat(join(folder(), name));
      // Also under a umask of 000, nobody else may write where GIMP runs code.
      expect(mode & 0o022, name).toBe(0);
      if (name.endsWith('.py')) expect(mode & 0o777, name).toBe(name === 'upreel.py' ? 0o755 : 0o644);
    }
    const config = JSON.parse(await readFile(join(folder(), 'bridge-config.json'), 'utf8')) as object;
    expect(config).toMatchObject({ node: process.execPath, cli: CLI });
    const checked = upreel('check');
    expect([checked.status, checked.stdout]).toEqual([0, expect.not.stringContaining('wrong')]);
    expect(upreel('uninstall').stdout).toContain(`Removed ${folder()}`);
    expect(await readdir(join(home, '.config/GIMP/3.0/plug-ins'))).toEqual([]);
    expect(upreel('uninstall').stdout).toContain('in no profile of GIMP 3');
  });

  test.each([
    ['is not there', async () => rm(folder(), { recursive: true }), 'Run: upreel gimp install'],
    ['may not run', async () => chmod(join(folder(), 'upreel.py'), 0o644), 'chmod +x'],
    ['is of another version', async () => writeFile(join(folder(), 'upreel_work.py'), '#'), 'of another version'],
    ['misses a file', async () => rm(join(folder(), 'upreel_service.py')), 'upreel_service.py is missing'],
    ['has lost its configuration', async () => writeFile(join(folder(), 'bridge-config.json'), '{'), 'cannot be read'],
    [
      'starts a Node.js that is gone',
      async () => writeFile(join(folder(), 'bridge-config.json'), '{"node":"/nowhere","cli":"x","stateFile":"/x"}'),
      'cannot be started',
    ],
  ])('check says what to do when the plug-in %s', async (_, harm, words) => {
    upreel('install');
    await harm();
    const { status, stdout } = upreel('check');
    expect(status).toBe(4);
    expect(stdout).toContain(words);
    expect(upreel('install').status).toBe(0);
    expect(upreel('check').status).toBe(0);
  });

  test('removes what an earlier version left, and leaves alone what is not its own', async () => {
    upreel('install');
    await writeFile(join(folder(), 'old.py'), '');
    upreel('install');
    expect(await readdir(folder())).not.toContain('old.py');
    await rm(join(folder(), 'upreel.py'));
    expect(upreel('uninstall').status).toBe(2);
    expect(upreel('install').status).toBe(2);
  });

  test('says so where there is no GIMP 3', async () => {
    await rm(join(home, '.config'), { recursive: true });
    const { status, stderr } = upreel('install');
    expect([status, stderr]).toEqual([3, expect.stringContaining('Start GIMP 3 once')]);
  });

  function upreel(...args: string[]) {
    const env = { PATH: process.env.PATH, HOME: home };
    const command = ['-c', 'umask 000; exec "$@"', 'sh', process.execPath, CLI, 'gimp', ...args];
    return spawnSync('sh', command, { env, encoding: 'utf8' });
  }
});

describe('translations', () => {
  test.each(['de', 'ko'])('translate every text of the plug-in: %s', async (language) => {
    const messages = await readMessages(language);
    const texts = await textsOfPlugIn();
    expect(texts.length).toBeGreaterThan(40);
    expect(texts.filter((text) => !messages.has(text))).toEqual([]);
    const placeholders = (text: string) => text.match(/\{\}/g)?.length ?? 0;
    for (const [original, translation] of messages) {
      expect(placeholders(translation), original).toBe(placeholders(original));
      // One access key each, as the original has it.
      if (original !== '')
        expect((translation.match(/_/g) ?? []).length, original).toBe((original.match(/_/g) ?? []).length);
    }
  });

  test.each(['de', 'ko'])('are read by gettext: %s', async (language) => {
    const file = join(dirname(CLI), `locale/${language}.mo`);
    const program =
      'import gettext,json,sys; t=gettext.GNUTranslations(open(sys.argv[1],"rb")); ' +
      'print(json.dumps([t.gettext(m) for m in json.load(sys.stdin)]))';
    const messages = [...(await readMessages(language))].filter(([original]) => original !== '');
    const input = JSON.stringify(messages.map(([original]) => original));
    const { stdout } = spawnSync('python3', ['-c', program, file], { input, encoding: 'utf8' });
    expect(JSON.parse(stdout)).toEqual(messages.map(([, translation]) => translation));
  });
});

/** Original and translation. */
async function readMessages(language: string): Promise<Map<string, string>> {
  const { translations } = po.parse(await readFile(`${PLUG_IN}locale/${language}.po`));
  return new Map(Object.values(translations['']!).map(({ msgid, msgstr }) => [msgid, msgstr[0]!]));
}

/** What stands in _("...") in the plug-in's files, adjacent literals joined. */
async function textsOfPlugIn(): Promise<string[]> {
  const names = (await readdir(PLUG_IN)).filter((name) => name.endsWith('.py'));
  const sources = await Promise.all(names.map((name) => readFile(`${PLUG_IN}${name}`, 'utf8')));
  const calls = sources.join('\n').matchAll(/\b_\(((?:\s*"(?:[^"\\]|\\.)*"\s*)+)\)/g);
  const texts = [...calls].map(([, literals]) =>
    [...literals!.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text]) => text).join(''),
  );
  return [...new Set(texts)];
}
