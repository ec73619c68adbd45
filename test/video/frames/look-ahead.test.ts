import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { LookAhead, mapInOrder } from '../../../src/video/frames/look-ahead.ts';

const ignore = () => {};

test('gives all items in order and never runs ahead by more than its capacity', async () => {
  let made = 0;
  const ahead = new LookAhead(
    'test',
    3,
    count(20, () => made++),
    ignore,
  );
  const taken: number[] = [];
  for await (const item of ahead) {
    await sleep(1);
    taken.push(item);
    expect(made - taken.length).toBeLessThanOrEqual(3 + 1);
  }
  expect(taken).toEqual(Array.from({ length: 20 }, (_, index) => index));
});

test('runs while its consumer works', async () => {
  const ahead = new LookAhead('test', 2, count(5, ignore), ignore);
  for await (const item of ahead) {
    await sleep(5);
    if (item === 0) expect(ahead.length).toBe(2);
  }
});

test('closes the source and disposes what was not taken when its consumer leaves', async () => {
  const disposed: number[] = [];
  let isClosed = false;
  const source = (async function* () {
    try {
      for (let item = 0; ; item++) yield item;
    } finally {
      isClosed = true;
    }
  })();
  for await (const item of new LookAhead('test', 3, source, (item) => disposed.push(item))) {
    await sleep(2);
    if (item === 4) break;
  }
  expect(isClosed).toBe(true);
  expect(disposed).toEqual([5, 6, 7]);
});

test('throws the failure of its source after the items that came before it', async () => {
  const taken: number[] = [];
  const failing = (async function* () {
    yield 1;
    yield 2;
    throw new Error('broken pipe');
  })();
  await expect(
    (async () => {
      for await (const item of new LookAhead('test', 4, failing, ignore)) taken.push(item);
    })(),
  ).rejects.toThrow('broken pipe');
  expect(taken).toEqual([1, 2]);
});

test('maps in order with as many calls in flight as allowed', async () => {
  let inFlight = 0;
  let most = 0;
  const slow = async (item: number) => {
    most = Math.max(most, ++inFlight);
    await sleep(item % 3 === 0 ? 10 : 1);
    inFlight--;
    return item * 2;
  };
  const results: number[] = [];
  for await (const result of mapInOrder(count(12, ignore), 3, slow, ignore)) results.push(result);
  expect(results).toEqual(Array.from({ length: 12 }, (_, index) => index * 2));
  expect(most).toBe(3);
});

test('starts the next work behind items that are none', async () => {
  let running = 0;
  let most = 0;
  const map = async (item: number) => {
    if (item % 4 > 0) return item;
    most = Math.max(most, ++running);
    await sleep(10);
    running--;
    return item;
  };
  const results: number[] = [];
  const isWork = (item: number) => item % 4 === 0;
  for await (const result of mapInOrder(count(40, ignore), 3, map, ignore, isWork)) results.push(result);
  expect(results).toEqual(Array.from({ length: 40 }, (_, index) => index));
  expect(most).toBe(3);
});

test('does not run ahead without end over items that are no work', async () => {
  let made = 0;
  const source = count(1000, () => made++);
  for await (const _ of mapInOrder(
    source,
    2,
    async (item) => item,
    ignore,
    () => false,
  ))
    break;
  expect(made).toBeLessThanOrEqual(80);
});

test('lets calls in flight settle and disposes their results when one fails', async () => {
  const settled: number[] = [];
  const disposed: number[] = [];
  const map = async (item: number) => {
    if (item === 1) throw new Error('no memory');
    await sleep(10);
    settled.push(item);
    return item;
  };
  await expect(
    (async () => {
      for await (const _ of mapInOrder(count(9, ignore), 3, map, (item) => disposed.push(item)));
    })(),
  ).rejects.toThrow('no memory');
  expect(disposed).toEqual(settled.filter((item) => item > 1));
  expect(disposed.length).toBeGreaterThan(0);
});

async function* count(end: number, onMade: () => void): AsyncGenerator<number> {
  for (let item = 0; item < end; item++) {
    onMade();
    yield item;
  }
}
