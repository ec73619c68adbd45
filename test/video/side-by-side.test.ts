import { expect, test } from 'vitest';
import { sideBySide } from '../../src/video/side-by-side.ts';

const never = new AbortController().signal;
const untilStopped = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

test('gives both results', async () => {
  const both = await sideBySide(
    async () => 1,
    async () => 'two',
    never,
  );
  expect(both).toEqual([1, 'two']);
});

test('runs both at the same time', async () => {
  let start: () => void = () => {};
  const started = new Promise<void>((resolve) => {
    start = resolve;
  });
  await expect(
    sideBySide(
      () => started,
      async () => start(),
      never,
    ),
  ).resolves.toBeDefined();
});

test('a failure stops the other, and is what is thrown when that has ended', async () => {
  const cause = new Error('cause');
  let hasEnded = false;
  const slow = async (signal: AbortSignal) => {
    await untilStopped(signal).catch(() => {});
    hasEnded = true;
    throw new Error('consequence');
  };
  const fails = async () => {
    throw cause;
  };
  await expect(sideBySide(slow, fails, never)).rejects.toBe(cause);
  expect(hasEnded).toBe(true);
});

test('an abort from outside is thrown as it is', async () => {
  const stop = new AbortController();
  const both = sideBySide(untilStopped, untilStopped, stop.signal);
  stop.abort(new Error('outside'));
  await expect(both).rejects.toThrow('outside');
});
