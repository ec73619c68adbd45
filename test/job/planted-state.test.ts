import { execFileSync, spawnSync } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readStateFile, writeStateFile } from '../../src/bridge/state-file.ts';
import { readConfigFile } from '../../src/cli/flags/config-file.ts';
import { cacheFolders, readCached, requireOwnCache, writeCached } from '../../src/core/model/cache/cache-folder.ts';
import { quietJson } from '../../src/core/quiet-json.ts';
import { readHistory } from '../../src/job/job-history.ts';
import {
  isOwnSocket,
  type JobEntry,
  JobList,
  QueuePlace,
  readEntry,
  readKeptHistory,
  socketAddress,
  writeEntry,
  writeKeptHistory,
} from '../../src/job/registry/index.ts';
import { writeReport } from '../../src/video/finish/report.ts';
import { randomCompact } from '../core/model/writers/random-networks.ts';
import { writeSafetensors } from '../core/model/writers/safetensors-writer.ts';
import { ffmpeg, H264, pattern, temporaryFolder } from '../support/clips.ts';
import { CLI } from '../support/dist.ts';
import { canBeStrangers, PLANTS, plant, portrait, STRANGER } from '../support/stranger.ts';

vi.setConfig({ testTimeout: 300_000 });

const folder = temporaryFolder();
const home = join(folder, 'home');
const treasure = join(home, '.profile');
const shared = join(folder, 'shared');
const ID = 'abcd1234';
const ENTRY: JobEntry = {
  ...{ schema: 1, id: ID, folder: '/f.upreel', output: '/f', input: '/i', model: 'm', devices: ['cpu'], task: null },
  ...{ nice: 0, only: null, onDone: null, socket: null, createdAtMs: 1, started: null, ended: null },
};

beforeEach(() => {
  chmodSync(folder, 0o755);
  mkdirSync(home);
  mkdirSync(shared);
  chmodSync(shared, 0o1777);
  writeFileSync(treasure, 'export PATH\n');
  for (const name of ['XDG_STATE_HOME', 'XDG_CACHE_HOME', 'XDG_CONFIG_HOME', 'XDG_RUNTIME_DIR']) {
    vi.stubEnv(name, shared);
  }
  vi.stubEnv('UPREEL_CACHE', '');
});
afterEach(() => {
  vi.unstubAllEnvs();
  for (const path of [home, shared]) rmSync(path, { recursive: true, force: true });
});

/** The whole folder is somebody's, a link, or open to all. */
const FOLDERS: Readonly<Record<string, (path: string) => void>> = {
  'of another user': (path) => {
    mkdirSync(path);
    chownSync(path, STRANGER, STRANGER);
  },
  'that all may write to': (path) => {
    mkdirSync(path);
    chmodSync(path, 0o777);
  },
  'that is a stranger’s link': (path) => {
    symlinkSync(home, path);
    execFileSync('chown', ['-h', String(STRANGER), path]);
  },
  'that is a file': (path) => writeFileSync(path, ''),
};

describe.skipIf(!canBeStrangers)('the list of jobs (needs root)', () => {
  test.each(Object.keys(FOLDERS))('is not kept in a folder %s', async (kind) => {
    for (const name of ['upreel', 'upreel/jobs', 'upreel/queue']) {
      if (name !== 'upreel') mkdirSync(join(shared, 'upreel'), { mode: 0o700 });
      FOLDERS[kind]!(join(shared, name));
      const before = portrait(folder);
      const refusal = { code: 'place-untrusted', hint: expect.stringContaining('XDG_STATE_HOME') };
      if (name !== 'upreel/queue') {
        await expect(writeEntry(ENTRY)).rejects.toMatchObject(refusal);
        await expect(readEntry(ID)).rejects.toMatchObject(refusal);
        await expect(new JobList().read()).rejects.toMatchObject(refusal);
        await expect(writeKeptHistory(ID, 'x')).rejects.toMatchObject(refusal);
        expect(portrait(folder)).toBe(before);
      } else {
        await expect(new QueuePlace({ id: ID, devices: ['cpu'] }).take()).rejects.toMatchObject(refusal);
      }
      expect(portrait(home)).toBe(
        before
          .split('\n')
          .filter((line) => line.startsWith(home))
          .join('\n'),
      );
      rmSync(join(shared, 'upreel'), { recursive: true, force: true });
    }
  });

  test.each(PLANTS)('passes over a %s in it, and replaces it without following it', async (kind) => {
    await writeEntry(ENTRY);
    await writeKeptHistory(ID, '{}\n');
    const jobs = join(shared, 'upreel', 'jobs');
    const before = portrait(home);
    for (const name of [`${ID}.json`, `${ID}.log`]) plant(kind, join(jobs, name), treasure);
    expect(await readEntry(ID)).toBeNull();
    expect(await new JobList().read()).toEqual([]);
    expect(await readKeptHistory(ID)).toBe('');
    if (kind !== 'folder') {
      await writeEntry(ENTRY);
      await writeKeptHistory(ID, 'kept\n');
      expect(await readEntry(ID)).toEqual(ENTRY);
      expect(await readKeptHistory(ID)).toBe('kept\n');
    }
    if (kind !== 'hard link') expect(portrait(home)).toBe(before);
    expect(readFileSync(treasure, 'utf8')).toBe('export PATH\n');
  });

  test('may be a link that the user made, and nothing in a folder that all may rename', async () => {
    mkdirSync(join(home, 'large-disk'), { mode: 0o700 });
    symlinkSync(join(home, 'large-disk'), join(shared, 'upreel'));
    await writeEntry(ENTRY);
    expect(readdirSync(join(home, 'large-disk'))).toEqual(['jobs']);
    chmodSync(shared, 0o777);
    rmSync(join(shared, 'upreel'));
    await expect(writeEntry(ENTRY)).rejects.toMatchObject({ code: 'place-untrusted' });
  });
});

describe.skipIf(!canBeStrangers)('other places of upreel (needs root)', () => {
  test('the cache may lie in a folder in which all have their own', async () => {
    vi.stubEnv('UPREEL_CACHE', shared);
    await writeCached(join(cacheFolders().onnx, 'net.onnx'), 'network');
    await requireOwnCache(cacheFolders());
    expect(lstatSync(join(shared, 'onnx')).mode & 0o777).toBe(0o700);
    chownSync(join(shared, 'onnx'), STRANGER, STRANGER);
    await expect(requireOwnCache(cacheFolders())).rejects.toMatchObject({ code: 'place-untrusted' });
    expect(await readCached(join(cacheFolders().onnx, 'net.onnx'))).toBeNull();
  });

  test.each(Object.keys(FOLDERS))('the cache is not used in a folder %s', async (kind) => {
    for (const name of ['upreel', 'upreel/onnx', 'upreel/models', 'upreel/devices', 'upreel/probes']) {
      if (name !== 'upreel') mkdirSync(join(shared, 'upreel'), { mode: 0o700 });
      FOLDERS[kind]!(join(shared, name));
      const before = portrait(folder);
      const refusal = { code: 'place-untrusted', hint: expect.stringContaining('UPREEL_CACHE') };
      await expect(requireOwnCache(cacheFolders())).rejects.toMatchObject(refusal);
      const file = join(shared, name === 'upreel' ? 'upreel/onnx' : name, 'net.onnx');
      await expect(writeCached(file, 'network')).rejects.toMatchObject(refusal);
      expect(await readCached(file)).toBeNull();
      expect(portrait(folder)).toBe(before);
      rmSync(join(shared, 'upreel'), { recursive: true, force: true });
    }
  });

  test.each(PLANTS)('a %s in the cache is passed over, and replaced without following it', async (kind) => {
    const file = join(cacheFolders().devices, 'verdict.json');
    await writeCached(file, '{}');
    plant(kind, file, treasure);
    expect(await readCached(file)).toBeNull();
    if (kind !== 'folder') {
      await writeCached(file, '{"new":1}');
      expect(await readCached(file)).toBe('{"new":1}');
    }
    expect(readFileSync(treasure, 'utf8')).toBe('export PATH\n');
  });

  test('a control socket lies in a folder of the user’s own, or elsewhere', async () => {
    for (const make of Object.values(FOLDERS)) {
      make(join(shared, 'upreel'));
      const before = portrait(folder);
      const address = await socketAddress('job').catch(() => null);
      expect(address === null || !address.startsWith(shared)).toBe(true);
      expect(portrait(folder)).toBe(before);
      rmSync(join(shared, 'upreel'), { recursive: true, force: true });
    }
    for (const kind of PLANTS) {
      plant(kind, join(shared, 'x.sock'), treasure);
      expect(await isOwnSocket(join(shared, 'x.sock'))).toBe(false);
    }
  });

  test.each(['link', 'pipe', 'folder', 'foreign', 'world-writable'] as const)(
    'neither configuration nor a service’s state is read from a stranger’s %s',
    async (kind) => {
      const theirs = join(shared, 'theirs');
      writeFileSync(theirs, '');
      chownSync(theirs, STRANGER, STRANGER);
      plant(kind, join(shared, 'config.toml'), theirs);
      await expect(readConfigFile(join(shared, 'config.toml'))).rejects.toMatchObject({ code: 'place-untrusted' });
      const token = 'a'.repeat(43);
      writeFileSync(theirs, JSON.stringify({ port: 1, pid: 1, token, protocol: 1, version: '1' }));
      rmSync(join(shared, 'service.json'), { force: true });
      writeFileSync(join(shared, 'service.json'), readFileSync(theirs));
      plant(kind, join(shared, 'service.json'), theirs);
      expect(await readStateFile(join(shared, 'service.json'))).toBeNull();
    },
  );

  test('a service’s state is not written where others may exchange it', async () => {
    const state = { port: 1, pid: 1, token: 'a'.repeat(43), protocol: 1, version: '1' };
    chmodSync(shared, 0o777);
    const refusal = { code: 'place-untrusted' };
    await expect(writeStateFile(join(shared, 'service.json'), state)).rejects.toMatchObject(refusal);
    chmodSync(shared, 0o1777);
    symlinkSync(treasure, join(shared, 'service.json'));
    await writeStateFile(join(shared, 'service.json'), state);
    expect(readFileSync(treasure, 'utf8')).toBe('export PATH\n');
    expect(lstatSync(join(shared, 'service.json')).isFile()).toBe(true);
  });

  test('a report replaces a link that has its name', async () => {
    const report = join(shared, 'report.json');
    for (const kind of ['link', 'hard link'] as const) {
      plant(kind, report, treasure);
      await expect(writeReport({} as never, report, false)).rejects.toMatchObject({ code: 'output-exists' });
      await writeReport({} as never, report, true);
      expect(readFileSync(report, 'utf8')).toBe('{}\n');
      expect(readFileSync(treasure, 'utf8')).toBe('export PATH\n');
    }
    expect(readdirSync(shared)).toEqual(['report.json']);
  });

  test('a planted history is no history', async () => {
    const place = { id: ID, folder: join(shared, 'out.mkv.upreel') };
    mkdirSync(place.folder, { mode: 0o700 });
    for (const kind of PLANTS) {
      plant(kind, join(place.folder, 'events.jsonl'), treasure);
      expect(await readHistory(place, 10)).toEqual([]);
    }
  });
});

test('a line of a journal is an order for no shell and no page, and says the same', () => {
  const name = 'x$(touch PWNED)`touch PWNED`!!<b>&\'"; touch PWNED; "\u202e\x1b]0;title\x07.mp4';
  const line = quietJson({ type: 'started', input: name });
  expect(JSON.parse(line)).toEqual({ type: 'started', input: name });
  expect(line).toMatch(/^[\x20-\x7e]*$/);
  expect(line).not.toMatch(/[$`!<>&']/);
  for (const shell of ['sh', 'bash']) spawnSync(shell, ['-c', line], { cwd: folder });
  spawnSync('bash', ['-i', '-c', line], { cwd: folder });
  expect(readdirSync(folder)).not.toContain('PWNED');
});

describe.skipIf(!canBeStrangers)('the command (needs root)', () => {
  test('leaves a planted folder alone, says whose it is, and works where --work-dir leads', () => {
    const victim = victimIds();
    const mine = join(home, 'films');
    mkdirSync(mine, { recursive: true });
    writeFileSync(join(mine, 'tiny.safetensors'), writeSafetensors(randomCompact(16, 4, 2, 7)));
    const film = join(mine, 'x$(touch PWNED).mp4');
    ffmpeg(...pattern(0.4, { size: '48x32', rate: '10' }), ...H264, film);
    const jobFolder = join(shared, 'out.mkv.upreel');
    mkdirSync(jobFolder);
    for (const name of ['events.jsonl', 'owner.json', 'job.json', 'supervisor.log', 'segment-00000.json', 'clock']) {
      symlinkSync(treasure, join(jobFolder, name));
    }
    execFileSync('chown', ['-Rh', `${STRANGER}:${STRANGER}`, jobFolder]);
    execFileSync('chown', ['-Rh', `${victim.uid}:${victim.gid}`, home]);
    const before = portrait(jobFolder);
    const upreel = (...more: string[]) =>
      spawnSync(
        process.execPath,
        [CLI, film, '-o', join(shared, 'out.mkv'), '-m', join(mine, 'tiny.safetensors'), '--device', 'cpu', ...more],
        {
          ...victim,
          cwd: home,
          encoding: 'utf8',
          env: { PATH: process.env.PATH, HOME: home, XDG_RUNTIME_DIR: home, TMPDIR: home },
        },
      );
    for (const how of [['--foreground', '--no-tui'], ['--no-tui'], ['--foreground', '--no-tui', '--restart']]) {
      const refused = upreel(...how);
      expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining(`user ${STRANGER}`) });
      expect(refused.stderr).toContain('--work-dir');
    }
    expect(portrait(jobFolder)).toBe(before);
    expect(readFileSync(treasure, 'utf8')).toBe('export PATH\n');
    expect(upreel('--foreground', '--no-tui', '--work-dir', join(mine, 'work'))).toMatchObject({ status: 0 });
    expect(lstatSync(join(shared, 'out.mkv')).uid).toBe(victim.uid);
    expect(readdirSync(shared).sort()).toEqual(['out.mkv', 'out.mkv.upreel']);
    expect(portrait(jobFolder)).toBe(before);
    expect(readFileSync(treasure, 'utf8')).toBe('export PATH\n');
  });
});

/** A user beside the stranger who can read this checkout; where nobody else can, root itself. */
function victimIds(): { readonly uid: number; readonly gid: number } {
  const uid = STRANGER + 1;
  accessSync(CLI);
  const reads = spawnSync(process.execPath, [CLI, '--version'], { uid, gid: uid, cwd: '/' }).status === 0;
  return reads ? { uid, gid: uid } : { uid: 0, gid: 0 };
}
