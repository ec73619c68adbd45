import { describe, expect, test } from 'vitest';
import { parseHours } from '../../src/job/hours.ts';
import type { JobState } from '../../src/job/job-snapshot.ts';
import type { QueuePlace, Turn } from '../../src/job/registry/index.ts';
import { Steering } from '../../src/job/steering.ts';
import { until } from '../support/processes.ts';

/** A queue of one device, whose turns the test gives. */
class OneDevice {
  isFree = true;
  ahead = 1;
  released = 0;
  left = 0;

  take(): Promise<Turn | number> {
    if (!this.isFree) return Promise.resolve(this.ahead);
    this.isFree = false;
    return Promise.resolve({
      release: async () => {
        this.released++;
        this.isFree = true;
      },
    });
  }

  async leave(): Promise<void> {
    this.left++;
  }
}

function steer(device: OneDevice, options: { hours?: string; now?: () => Date } = {}) {
  const states: JobState[] = [];
  let mayWork = false;
  const { hours, now } = options;
  const steering = new Steering({
    place: device as unknown as QueuePlace,
    hours: hours === undefined ? null : parseHours(hours),
    ...(now && { now }),
    onState: (state, _, may) => {
      states.push(state);
      mayWork = may;
    },
    onUnqueued: () => states.push('failed'),
  });
  return { steering, states, mayWork: () => mayWork };
}

describe('Steering', () => {
  test('waits for its turn, and gives it back at the end', async () => {
    const device = new OneDevice();
    device.isFree = false;
    const { steering, states, mayWork } = steer(device);
    let isReady = false;
    const ready = steering.ready(new AbortController().signal).then(() => {
      isReady = true;
    });
    await until(() => states.includes('queued'), 5000);
    expect([isReady, mayWork()]).toEqual([false, false]);
    device.isFree = true;
    await ready;
    expect([steering.state, mayWork()]).toEqual(['running', true]);
    await steering.close();
    expect(device.released).toBe(1);
  });

  test('keeps its turn through a pause, and takes none while it is paused', async () => {
    const device = new OneDevice();
    const { steering, mayWork } = steer(device);
    await steering.ready(new AbortController().signal);
    steering.pause();
    expect([steering.state, mayWork(), device.released]).toEqual(['paused', false, 0]);
    steering.resume();
    expect([steering.state, mayWork()]).toEqual(['running', true]);
    await steering.close();

    device.isFree = false;
    const waiting = steer(device);
    await until(() => waiting.states.includes('queued'), 5000);
    waiting.steering.pause();
    await until(() => device.left > 1, 5000);
    device.isFree = true;
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect([device.isFree, waiting.steering.state]).toEqual([true, 'paused']);
    waiting.steering.resume();
    await waiting.steering.ready(new AbortController().signal);
    expect(device.isFree).toBe(false);
    await waiting.steering.close();
  });

  test('rests outside its hours and gives its turn away, whichever way the clock goes there', async () => {
    const device = new OneDevice();
    let time = new Date('2026-11-24T23:00:00');
    const { steering, mayWork } = steer(device, { hours: '22:00-07:00', now: () => time });
    await steering.ready(new AbortController().signal);
    time = new Date('2026-11-25T07:00:00');
    await until(() => device.released === 1, 5000);
    expect([steering.state, mayWork()]).toEqual(['resting', false]);
    // Set back by a day and a half.
    time = new Date('2026-11-23T22:30:00');
    await until(() => mayWork(), 5000);
    time = new Date('2031-01-01T12:00:00');
    await until(() => device.released === 2, 5000);
    expect(steering.state).toBe('resting');
    await steering.close();
  });

  test('ends a pause to drain, and has nothing to drain before its turn', async () => {
    const device = new OneDevice();
    const { steering, mayWork } = steer(device);
    await steering.ready(new AbortController().signal);
    steering.pause();
    expect([steering.drain(), steering.state, mayWork()]).toEqual([true, 'draining', true]);
    await steering.close();
    device.isFree = false;
    const waiting = steer(device);
    expect(waiting.steering.drain()).toBe(false);
    await waiting.steering.close();
  });

  test('stops waiting when it is told to', async () => {
    const device = new OneDevice();
    device.isFree = false;
    const { steering } = steer(device);
    const abort = new AbortController();
    const ready = steering.ready(abort.signal);
    abort.abort(new Error('enough'));
    await expect(ready).rejects.toThrow('enough');
    await steering.close();
  });

  test('works without a queue that cannot be used', async () => {
    const device = new OneDevice();
    device.take = () => Promise.reject(new Error('read-only'));
    const { steering, states } = steer(device);
    await steering.ready(new AbortController().signal);
    expect(states).toContain('failed');
    expect(steering.state).toBe('running');
    await steering.close();
  });
});
