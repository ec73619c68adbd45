import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { Progress, StageLoad } from '../../../src/core/events.ts';
import { BusyClock, StageClocks, whilePulled } from '../../../src/video/segment/stage-clocks.ts';
import { ffmpeg, H264, pattern, temporaryFolder } from '../../support/clips.ts';
import { nearestUpscaler } from '../../support/nearest-upscaler.ts';
import { upscaleClip } from '../../support/upscale-clip.ts';

vi.setConfig({ testTimeout: 300_000 });

describe('a busy clock', () => {
  test('counts time with all places taken whole, with some in part, and none not at all', () => {
    let now = 100;
    const clock = new BusyClock(2, () => now);
    now += 5;
    expect(clock.seconds).toBe(0);
    clock.add(1);
    now += 4;
    expect(clock.seconds).toBe(2);
    clock.add(4);
    now += 3;
    clock.add(-5);
    now += 9;
    expect(clock.seconds).toBe(5);
  });

  test('runs during work, also work that fails', async () => {
    let now = 0;
    const clock = new BusyClock(1, () => now);
    const failing = clock.during(async () => {
      now += 2;
      throw new Error('broken pipe');
    });
    await expect(failing).rejects.toThrow('broken pipe');
    now += 2;
    expect(clock.seconds).toBe(2);
  });

  test('runs while items are waited for, not while they are used, and closes their source', async () => {
    let now = 0;
    let isClosed = false;
    const clock = new BusyClock(1, () => now);
    const source = (async function* () {
      try {
        for (let item = 0; ; item++) {
          now += 1;
          yield item;
        }
      } finally {
        isClosed = true;
      }
    })();
    for await (const item of whilePulled(source, clock)) {
      now += 10;
      if (item === 3) break;
    }
    expect(clock.seconds).toBe(4);
    expect(isClosed).toBe(true);
  });
});

test('the loads of the stages are shares of the last half minute', () => {
  let now = 0;
  const clocks = new StageClocks(1, () => now);
  expect(clocks.loads()).toEqual([]);
  clocks.encode.add(1);
  now += 10;
  expect(shares(clocks.loads())).toEqual({ decode: 0, upscale: 0, encode: 1 });
  clocks.encode.add(-1);
  clocks.upscale.add(1);
  now += 10;
  expect(shares(clocks.loads())).toEqual({ decode: 0, upscale: 0.5, encode: 0.5 });
  for (let second = 0; second < 60; second++) {
    now += 1;
    clocks.loads();
  }
  expect(shares(clocks.loads())).toEqual({ decode: 0, upscale: 1, encode: 0 });
});

describe('of a real pipeline', () => {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);

  beforeAll(() => {
    ffmpeg(...pattern(0.8), ...H264, at('small.mp4'));
    ffmpeg(...pattern(1, { size: '320x240' }), ...H264, at('large.mp4'));
  });

  test('the network is told to be the slowest stage', async () => {
    const progress = await lastProgress('small.mp4', 250, { segmentSeconds: 5 });
    expect(slowest(progress)).toBe('upscale');
    expect(progress.queues.map(({ name, capacity }) => [name, capacity])).toEqual([
      ['decoded', 2],
      ['network', 3],
      ['upscaled', 2],
    ]);
    expect(progress.queues[1]!.length).toBeGreaterThan(0);
  });

  test('decoding is, where a filter before the network takes its time', async () => {
    const progress = await lastProgress('large.mp4', 0, { pre: 'nlmeans=r=15' });
    expect(slowest(progress)).toBe('decode');
  });

  test('encoding is, where a filter after the network takes its time', async () => {
    const progress = await lastProgress('large.mp4', 0, { post: 'nlmeans=r=15' });
    expect(slowest(progress)).toBe('encode');
  });

  async function lastProgress(clip: string, delayMs: number, settings: Record<string, unknown>): Promise<Progress> {
    const upscaler = nearestUpscaler(2, { delayMs, lanes: 1 });
    const { events } = await upscaleClip(at(clip), at(`${clip}.${Object.keys(settings)}.mkv`), {
      upscaler,
      settings: { ...settings, reuse: false, encoder: 'ffv1' },
    });
    const told = events.filter((event) => event.type === 'progress' && event.stageLoads !== undefined);
    return told.at(-1) as Progress;
  }
});

/** The stage with the largest share of the time: how large it is, depends on what else the machine does. */
function slowest({ stageLoads = [] }: Progress): StageLoad['name'] | undefined {
  return stageLoads.toSorted((a, b) => b.busy - a.busy)[0]?.name;
}

function shares(loads: readonly StageLoad[] = []): Partial<Record<StageLoad['name'], number>> {
  return Object.fromEntries(loads.map(({ name, busy }) => [name, busy]));
}
