import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { commandTree } from '../../src/cli/completion/command-tree.ts';
import { COMMAND_GROUPS, FLAG_GROUPS } from '../../src/cli/flags/help-groups.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { nearestOf } from '../../src/core/nearest.ts';
import { runCli } from '../support/cli.ts';
import { temporaryFolder } from '../support/clips.ts';
import { CLI } from '../support/dist.ts';

const [program, ...commands] = commandTree(await buildProgram(['help']));
const folder = temporaryFolder();

describe('help', () => {
  test('every flag stands in just one group, and every command too', () => {
    const flags = program!.flags.map(({ names }) => names.at(-1)!.slice(2));
    const grouped = FLAG_GROUPS.flatMap(({ common, rest }) => [...common, ...rest]);
    expect(grouped.toSorted()).toEqual([...flags].toSorted());
    const names = program!.commands.map(({ name }) => name);
    expect(COMMAND_GROUPS.flatMap((group) => group.commands).toSorted()).toEqual(names.toSorted());
  });

  test('the common part fits a screen of 80 columns and names no rare flag; --help-all has them all', async () => {
    const [short, long] = [await runCli(['--help']), await runCli(['--help-all'])];
    expect([short.code, long.code]).toEqual([0, 0]);
    const lines = short.stdout.trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(40);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(short.stdout).not.toContain('--segment-seconds');
    for (const { names } of program!.flags) expect(long.stdout).toContain(names.at(-1));
  });

  test('upreel help COMMAND tells what COMMAND --help tells', async () => {
    const [helped, own] = [await runCli(['help', 'models']), await runCli(['models', '--help'])];
    expect(helped).toEqual(own);
    expect(own).toMatchObject({ code: 0, stdout: expect.stringContaining('pull [options] <id...>') });
  });

  test.each(['-v', '-V', '--version'])('%s tells the version', async (flag) => {
    expect(await runCli([flag])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });

  test('the manual page has each command and flag, and no bare hyphen', () => {
    const page = readFileSync(join(dirname(CLI), 'upreel.1'), 'utf8');
    for (const { path } of commands) expect(page).toContain(`.SS upreel ${path}`);
    for (const { names } of program!.flags) expect(page).toContain(names.at(-1)!.replaceAll('-', '\\-'));
    expect(page).not.toMatch(/[^\\]-/);
  });
});

describe('words that are neither file nor command', () => {
  test.each([
    ['jbos', 'jobs'],
    ['moddels', 'models'],
    ['Wacth', 'watch'],
    ['doctro', 'doctor'],
    ['resum', 'resume'],
    ['photograph', null],
    ['x', null],
  ])('%s is near %s', (word, command) => {
    const names = COMMAND_GROUPS.flatMap((group) => group.commands);
    expect(nearestOf(word, names)).toBe(command);
  });

  test('lead to the command that was meant, and leave no job', async () => {
    const state = { XDG_STATE_HOME: join(folder, 'state') };
    const typo = await runCli(['jbos'], state);
    expect(typo).toMatchObject({ code: 3, stderr: expect.stringContaining('Did you mean the command upreel jobs?') });
    const file = await runCli(['jbos.mp4'], state);
    expect(file).toMatchObject({ code: 3, stderr: expect.stringContaining('jbos.mp4 does not exist') });
    expect(file.stderr).not.toContain('Did you mean');
    expect((await runCli(['jobs', '--json'], state)).stdout).toBe('');
  });

  test('nor does a film without ffmpeg, or an empty one, become a job', async () => {
    const [empty, film] = [join(folder, 'empty.mkv'), join(folder, 'film.mkv')];
    writeFileSync(empty, '');
    writeFileSync(film, 'x');
    const env = { XDG_STATE_HOME: join(folder, 'other-state') };
    expect(await runCli([empty], env)).toMatchObject({ code: 3, stderr: expect.stringContaining('is empty') });
    const without = await runCli([film], { ...env, FFMPEG_PATH: join(folder, 'no-ffmpeg') });
    expect(without).toMatchObject({ code: 1, stderr: expect.stringContaining('needs ffmpeg') });
    expect((await runCli(['jobs', '--json'], env)).stdout).toBe('');
  });

  test('what is done is only said where something is', async () => {
    const none = await runCli(['a.mp4', 'b.mp4']);
    expect(none).toMatchObject({ code: 9, stderr: expect.stringContaining('2 of 2 inputs failed') });
    expect(none.stderr).not.toContain('others are done');
  });
});

describe('completion', () => {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  symlinkSync(CLI, join(bin, 'upreel'));
  beforeAll(async () => writeFileSync(join(folder, 'script'), (await runCli(['completion', 'bash'])).stdout));
  const inShell = (shell: string, script: string) =>
    execFileSync(shell, ['-c', script], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, PATH: `${bin}:${process.env.PATH}` },
    });

  test.each([
    [
      ['upreel', 'jo'],
      ['jobs', 'join'],
    ],
    [['upreel', 'models', 'p'], ['pull']],
    [['upreel', 'models', 'info', 'realesrgan-x4plus-'], ['realesrgan-x4plus-anime']],
    [['upreel', '--device', 'web'], ['webgpu']],
    [['upreel', 'photo.jpg', '--overw'], ['--overwrite']],
    [['upreel', '--preset', 'vh'], ['vhs']],
    [
      ['upreel', 'watch', '--no-'],
      ['--no-tui', '--no-bell'],
    ],
    [['upreel', 'completion', 'fi'], ['fish']],
    [['upreel', 'gimp', 'ins'], ['install']],
  ])('%j becomes %j in bash', (words, expected) => {
    const script = `source ./script; COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _upreel; printf '%s\\n' "\${COMPREPLY[@]}"`;
    expect(inShell('bash', script).trim().split('\n').toSorted()).toEqual(expected.toSorted());
  });

  test.each(['zsh', 'fish'])('%s has every command and flag', async (shell) => {
    const { stdout } = await runCli(['completion', shell]);
    for (const { path } of commands) expect(stdout).toContain(`'${path}'`);
    for (const { names } of program!.flags) expect(stdout).toContain(names.at(-1)!.slice(2));
  });

  test('names that a shell would take for orders are not offered', async () => {
    const models = await runCli(['completion', 'models']);
    expect(models.stdout.split('\n')).toContain('realesr-general-x4v3');
    expect(models.stdout).toMatch(/^([\w][\w.+-]*\n)+$/);
  });
});
