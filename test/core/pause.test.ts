import { describe, expect, it } from 'vitest';
import { Pause } from '../../src/core/pause.ts';

describe('Pause', () => {
  it('stops its clock while it is on, however often it is asked', () => {
    let now = 100;
    const pause = new Pause(() => now);
    now = 110;
    pause.set(true);
    pause.set(true);
    now = 170;
    expect([pause.isOn, pause.activeSeconds()]).toEqual([true, 110]);
    pause.set(false);
    now = 175;
    expect([pause.isOn, pause.activeSeconds()]).toEqual([false, 115]);
  });

  it('lets work go at once while it is off, and all that waited when it ends', async () => {
    const pause = new Pause();
    await pause.over(undefined);
    pause.set(true);
    const gone: number[] = [];
    const waiting = [1, 2].map((number) => pause.over(undefined).then(() => gone.push(number)));
    await Promise.resolve();
    expect(gone).toEqual([]);
    pause.set(false);
    await Promise.all(waiting);
    expect(gone).toEqual([1, 2]);
  });

  it('does not hold back an abort', async () => {
    const pause = new Pause();
    const abort = new AbortController();
    pause.set(true);
    const waiting = pause.over(abort.signal);
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    pause.set(false);
    await expect(pause.over(abort.signal)).rejects.toThrow('enough');
  });
});
