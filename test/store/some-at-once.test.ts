import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { someAtOnce } from '../../src/store/s3/some-at-once.ts';

const items = Array.from({ length: 40 }, (_, index) => index);

test('what came of each is told in their order, however long it took', async () => {
  const made = await someAtOnce(items, async (item) => {
    await sleep(item % 7);
    return 2 * item;
  });
  expect(made).toEqual(items.map((item) => 2 * item));
});

test('what failed first is told, once all that was begun has ended, and no other is begun', async () => {
  const [begun, ended]: [number[], number[]] = [[], []];
  const work = someAtOnce(items, async (item) => {
    begun.push(item);
    await sleep(item === 5 ? 5 : 40);
    ended.push(item);
    throw new Error(`${item} failed`);
  });
  await expect(work).rejects.toThrow('5 failed');
  expect(begun).toHaveLength(8);
  expect(ended).toHaveLength(8);
});
