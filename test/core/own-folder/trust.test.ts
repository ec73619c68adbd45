import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { OwnFolder } from '../../../src/core/own-folder/own-folder.ts';
import { proveOwner, trustAfter } from '../../../src/core/own-folder/owner-proof.ts';
import { distrustOf, type Kind, type Trust, usualTrust } from '../../../src/core/own-folder/trust.ts';
import { temporaryFolder } from '../../support/clips.ts';

const FOLDER = 0o040000;
const FILE = 0o100000;
const LINK = 0o120000;
const PIPE = 0o010000;
const mine: Trust = { uids: [1000, 0], keepsModes: true };
const squashed: Trust = { uids: [65_534, 0], keepsModes: true };
const ownerless: Trust = { uids: [1000], keepsModes: false };
const windows: Trust = { uids: [], keepsModes: true };

test.each<[string, number, number, number, Kind, Trust, string | null]>([
  ['a folder of ours', FOLDER | 0o700, 1000, 2, 'folder', mine, null],
  ['one that others may read', FOLDER | 0o755, 1000, 9, 'folder', mine, null],
  ['one of root', FOLDER | 0o755, 0, 2, 'folder', mine, null],
  ['one of another user', FOLDER | 0o700, 1001, 2, 'folder', mine, 'owner'],
  ['one that a group may write to', FOLDER | 0o775, 1000, 2, 'folder', mine, 'writable'],
  ['a sticky one that all may write to', FOLDER | 0o1777, 1000, 2, 'folder', mine, 'writable'],
  ['a link', LINK | 0o777, 1000, 1, 'folder', mine, 'kind'],
  ['a file of ours', FILE | 0o600, 1000, 1, 'file', mine, null],
  ['one with two names', FILE | 0o600, 1000, 2, 'file', mine, 'linked'],
  ['a pipe', PIPE | 0o600, 1000, 1, 'file', mine, 'kind'],
  ['a folder where a file belongs', FOLDER | 0o700, 1000, 2, 'file', mine, 'kind'],
  ['a file that all may write to', FILE | 0o666, 1000, 1, 'file', mine, 'writable'],
  ['what root made on NFS that squashes root', FOLDER | 0o700, 65_534, 2, 'folder', squashed, null],
  ['what all may write to there', FOLDER | 0o777, 65_534, 2, 'folder', squashed, 'writable'],
  ['a folder on our exFAT disk', FOLDER | 0o777, 1000, 2, 'folder', ownerless, null],
  ['a file on our exFAT disk', FILE | 0o777, 1000, 1, 'file', ownerless, null],
  ['a folder on the exFAT disk of another user', FOLDER | 0o777, 1001, 2, 'folder', ownerless, 'owner'],
  ['a folder on Windows', FOLDER | 0o666, 0, 1, 'folder', windows, null],
  ['a link on Windows', LINK | 0o666, 0, 1, 'folder', windows, 'kind'],
])('%s', (_, mode, uid, nlink, kind, trust, why) => {
  expect(distrustOf({ mode, uid, nlink }, kind, trust)?.why ?? null).toBe(why);
});

describe('after a file system has been asked', () => {
  const own = process.geteuid?.() ?? 0;

  test.each([
    ['that knows us by our number', { uid: own, keepsModes: true }, { uids: [own, own, 0], keepsModes: true }],
    ['that knows us by another', { uid: 65_534, keepsModes: true }, { uids: [65_534, own, 0], keepsModes: true }],
    ['of ours without owners', { uid: own, keepsModes: false }, { uids: [own], keepsModes: false }],
    ['of others without owners', { uid: 4321, keepsModes: false }, usualTrust()],
  ])('one %s', (_, proof, trust) => {
    expect(trustAfter(proof)).toEqual(trust);
  });

  test('nothing is left of the question', async () => {
    const folder = temporaryFolder();
    expect(await proveOwner(folder)).toEqual({ uid: own, keepsModes: true });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a folder that is held', () => {
  const folder = temporaryFolder();

  test('is made for its owner alone, with those above it', async () => {
    const own = await OwnFolder.make(join(folder, 'a', 'b'), { hint: '', parents: true });
    await own.write('x.json', '{}');
    expect(await own.read('x.json', 10)).toBe('{}');
    expect(await own.read('x.json', 1)).toBeNull();
    expect(await own.read('y.json', 10)).toBeNull();
    expect(await own.names()).toEqual(['x.json']);
    await own.close();
  });

  test('removes a folder with its files, never what they lead to, and no folder of folders', async () => {
    const own = await OwnFolder.make(join(folder, 'own'), { hint: '', parents: false });
    mkdirSync(join(folder, 'elsewhere'));
    writeFileSync(join(folder, 'elsewhere', 'kept'), 'kept');
    mkdirSync(own.at('result'));
    writeFileSync(join(own.at('result'), '1.png'), '');
    symlinkSync(join(folder, 'elsewhere'), join(own.at('result'), '2.png'));
    symlinkSync(join(folder, 'elsewhere'), own.at('link'));
    await own.remove('result');
    await own.remove('link');
    await own.remove('never there');
    mkdirSync(join(own.at('deep'), 'deeper'), { recursive: true });
    await expect(own.remove('deep')).rejects.toThrow();
    expect(await own.names()).toEqual(['deep']);
    expect(readdirSync(join(folder, 'elsewhere'))).toEqual(['kept']);
    await own.close();
  });

  test('names itself as people do in errors', async () => {
    const own = await OwnFolder.make(join(folder, 'named'), { hint: '', parents: false });
    expect(own.shown(`Cannot write ${own.at('x')}.`)).toBe(`Cannot write ${join(folder, 'named', 'x')}.`);
    await own.close();
    chmodSync(join(folder, 'named'), 0o777);
    await expect(OwnFolder.open(join(folder, 'named'), { hint: '' })).rejects.toThrow('mode 0777');
  });
});
