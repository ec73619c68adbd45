import { UpreelError } from '../core/errors.ts';
import { isSameLayout, type Layout, type LayoutTrial } from '../core/upscaler/layout.ts';
import { type RunOptions, startEngine } from './engine-client.ts';
import type { EngineNetwork, MeasuredLayouts } from './engine-protocol.ts';
import { layoutUse, type StoredLayouts, writeLayouts } from './layout-store.ts';

export interface Tuning {
  readonly measured: MeasuredLayouts;
  readonly stored: StoredLayouts;
}

/**
 * Measures layouts of a network in an engine of its own, and keeps the fastest for later runs. Nothing is kept of a
 * measurement that is interrupted.
 * @throws UpreelError `interrupted`; what loading and running the network throws; `place-untrusted` for the cache.
 */
export async function tuneNetwork(network: EngineNetwork, seconds: number, context: RunOptions): Promise<Tuning> {
  const engine = startEngine();
  try {
    const result = await engine.run({ kind: 'tune', network, seconds }, context);
    if (result.kind !== 'tune') throw new UpreelError('internal', `Expected layouts, got ${result.kind}.`);
    const { measured } = result;
    const { chosen, usual, trials } = measured;
    const stored = {
      ...chosen,
      gain: {
        frames: gainOf(trials, chosen.frames, usual.frames),
        stills: gainOf(trials, chosen.stills, usual.stills),
      },
      ...layoutUse(measured.contentHash, network),
      model: network.model,
      at: new Date().toISOString(),
    };
    context.signal.throwIfAborted();
    await writeLayouts(stored);
    return { measured, stored };
  } finally {
    await engine.close();
  }
}

/** 1 where either was not measured. */
function gainOf(trials: readonly LayoutTrial[], chosen: Layout, usual: Layout): number {
  const speed = (layout: Layout): number | null =>
    trials.find((trial) => isSameLayout(trial, layout))?.pixelsPerSecond ?? null;
  const [fast, slow] = [speed(chosen), speed(usual)];
  return fast === null || slow === null ? 1 : fast / slow;
}
