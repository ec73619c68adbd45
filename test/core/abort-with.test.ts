import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { abortWith } from '../../src/core/abort-with.ts';

describe('a controller that follows another signal', () => {
  test('is aborted when that is, with its reason', () => {
    const outer = new AbortController();
    const { controller } = abortWith(outer.signal);
    expect(controller.signal.aborted).toBe(false);
    outer.abort(new Error('enough'));
    expect(controller.signal.reason).toEqual(new Error('enough'));
  });

  test('begins aborted where that was', () => {
    expect(abortWith(AbortSignal.abort('before')).controller.signal.reason).toBe('before');
  });

  test('keeps its own reason, and does not abort the other', () => {
    const outer = new AbortController();
    const { controller } = abortWith(outer.signal);
    controller.abort('own');
    outer.abort('late');
    expect(controller.signal.reason).toBe('own');
    const other = new AbortController();
    abortWith(other.signal).controller.abort();
    expect(other.signal.aborted).toBe(false);
  });

  test('leaves nothing behind once it is released, however often', () => {
    const outer = new AbortController();
    for (let frame = 0; frame < 100; frame++) abortWith(outer.signal).release();
    expect(getEventListeners(outer.signal, 'abort')).toEqual([]);
    const released = abortWith(outer.signal);
    released.release();
    outer.abort();
    expect(released.controller.signal.aborted).toBe(false);
  });

  test('may follow nothing', () => {
    const { controller, release } = abortWith(undefined);
    release();
    expect(controller.signal.aborted).toBe(false);
  });
});
