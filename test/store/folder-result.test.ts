import { EventEmitter, once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { publishFile } from '../../src/core/files/publish.ts';
import { FolderStore } from '../../src/store/folder-store.ts';
import { temporaryFolder } from '../support/clips.ts';
import { FILM } from '../support/shared-film.ts';

const folder = temporaryFolder();
const FACTS = { frames: 2, bytes: 8 };
const giveName = (made: string, place: string) => publishFile(made, place, { overwrite: false });
const how = { overwrite: false, changedMs: null, giveName };

let number = 0;
let store: FolderStore;
let id: string;

beforeEach(async () => {
  const root = join(folder, `store-${number++}`);
  mkdirSync(root, { recursive: true });
  store = await FolderStore.open(root);
  id = await store.addFilm(FILM);
});

const at = (name: string) => join(store.root, name);
const resultOf = (token: string) => store.resultOf({ ...FILM, id }, token, 'told.json');

/** An attempt that has made all, and waits where it is told to before it goes on to the result's name. */
async function attempt(token: string) {
  const result = resultOf(token);
  await result.begin(false);
  writeFileSync(result.output, `film ${token}`);
  writeFileSync(result.report!, `report ${token}`);
  const machine = new EventEmitter();
  return {
    publish: () => result.publish(FACTS, how),
    /** @returns once the report has its name */
    async publishHalf() {
      const asleep = once(machine, 'asleep');
      const ended = result.publish(FACTS, {
        ...how,
        async giveName(made, place) {
          const awake = once(machine, 'awake');
          machine.emit('asleep');
          await awake;
          await giveName(made, place);
        },
      });
      await asleep;
      return { wake: () => machine.emit('awake'), ended };
    },
  };
}

/** Whoever comes next finds all of it. */
async function expectPublished(film: string, report: string): Promise<void> {
  expect(await resultOf('zz').published()).toEqual(FACTS);
  expect(readFileSync(at('out.mkv'), 'utf8')).toBe(film);
  expect(readFileSync(at('told.json'), 'utf8')).toBe(report);
}

describe('of a result whose maker was taken for dead', () => {
  test('the report is there, if it wakes up when another has just begun', async () => {
    const first = await (await attempt('aa')).publishHalf();
    await attempt('bb');
    first.wake();
    await first.ended;
    await expectPublished('film aa', 'report aa');
  });

  test('all of the other one stays, if that was faster', async () => {
    const first = await (await attempt('aa')).publishHalf();
    await (await attempt('bb')).publish();
    first.wake();
    await first.ended;
    await expectPublished('film bb', 'report bb');
  });

  test('the other one is content, if it was slower', async () => {
    const first = await (await attempt('aa')).publishHalf();
    const second = await (await attempt('bb')).publishHalf();
    first.wake();
    await first.ended;
    second.wake();
    await second.ended;
    await expectPublished('film aa', 'report bb');
  });
});

describe('a report', () => {
  test('stays where the result got its name before something failed', async () => {
    const result = resultOf('aa');
    await result.begin(false);
    writeFileSync(result.output, 'film aa');
    writeFileSync(result.report!, 'report aa');
    const failing = async (made: string, place: string): Promise<void> => {
      renameSync(made, place);
      throw Object.assign(new Error('fsync of the folder'), { code: 'EIO' });
    };
    await result.publish(FACTS, { ...how, giveName: failing });
    await expectPublished('film aa', 'report aa');
  });

  test('goes where the result gets no name', async () => {
    writeFileSync(at('out.mkv'), 'mine');
    await expect((await attempt('aa')).publish()).rejects.toMatchObject({ code: 'output-exists' });
    expect(existsSync(at('told.json'))).toBe(false);
    expect(readFileSync(at('out.mkv'), 'utf8')).toBe('mine');
  });

  test('of somebody else stays, and there is no result', async () => {
    writeFileSync(at('told.json'), 'mine');
    await expect((await attempt('aa')).publish()).rejects.toMatchObject({ code: 'output-exists' });
    expect(readFileSync(at('told.json'), 'utf8')).toBe('mine');
    expect(existsSync(at('out.mkv'))).toBe(false);
  });
});

test('a file that only has the number of the result is none', async () => {
  await (await attempt('aa')).publish();
  truncateSync(at('out.mkv'), 3);
  expect(await resultOf('bb').published()).toBeNull();
});
