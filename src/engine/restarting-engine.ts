import { UpreelError } from '../core/errors.ts';
import type { TaskEvent } from '../core/events.ts';
import type { PreviewPair } from '../video/index.ts';
import { MAX_CRASHES } from './after-kill.ts';
import { type EngineClient, type EngineOptions, type RunOptions, startEngine } from './engine-client.ts';
import { EngineDied } from './engine-end.ts';
import type { EngineResult, EngineTask, OpenTile } from './engine-protocol.ts';

/** Runs tasks one after another on an engine that is started when needed and replaced when it dies. */
export interface RestartingEngine {
  /**
   * Out of memory is met with a new engine and half the tile, down to the smallest; a crash likewise, a few times. One
   * that was killed from outside is replaced as often, with the same tile.
   * A picture begins again (its rows lived in the engine that died), a video goes on after its last complete segment.
   * @throws UpreelError what the task threw; `out-of-memory` if even the smallest tile did not fit.
   */
  run(task: EngineTask, options: RunOptions): Promise<EngineResult>;
  /** Holds all work back, that of engines to come too. */
  pause(on: boolean): void;
  /** The newest frame of a running video before and after. */
  preview(): Promise<PreviewPair | null>;
  close(): Promise<void>;
}

export function openRestartingEngine(engineOptions: EngineOptions = {}): RestartingEngine {
  let isPaused = false;
  let engine: EngineClient | null = null;
  /** What proved too large is not tried again on the next input. */
  let ceilingPx = Number.POSITIVE_INFINITY;

  async function run(task: EngineTask, runOptions: RunOptions): Promise<EngineResult> {
    let crashes = 0;
    /** Longer side of the source: a tile larger than that is the whole picture. */
    let sourcePx = Number.POSITIVE_INFINITY;
    let framesKept = 0;
    const onEvent = (event: TaskEvent): void => {
      if (event.type === 'started') {
        sourcePx = Math.max(event.source.width, event.source.height);
        // A job of days may meet more crashes than that: only those count that brought it no further.
        if (event.framesKept > framesKept) crashes = 0;
        framesKept = event.framesKept;
      }
      runOptions.onEvent(event);
    };
    for (;;) {
      const running: EngineClient = engine?.alive ? engine : startEngine(engineOptions);
      engine = running;
      if (isPaused) running.pause(true);
      try {
        return await running.run(withCeiling(task, ceilingPx), { ...runOptions, onEvent });
      } catch (error) {
        if (runOptions.signal.aborted || runOptions.drain?.aborted || !(error instanceof UpreelError)) throw error;
        // What has gone through a pipe does not come again; before the network is open, nothing has.
        if (engineOptions.streams && running.tile !== null) throw error;
        if (error.code === 'engine-died') crashes++;
        if ((error.code !== 'engine-died' && error.code !== 'out-of-memory') || crashes > MAX_CRASHES) throw error;
        await running.close();
        const wasKilled = error instanceof EngineDied && error.wasKilled;
        if (!wasKilled) ceilingPx = smallerTile(running.tile, sourcePx, error);
        onEvent({ type: 'warning', code: 'engine-restarted', message: restartMessage(error, ceilingPx) });
      }
    }
  }

  return {
    run,
    pause(on) {
      isPaused = on;
      engine?.pause(on);
    },
    preview: () => engine?.preview() ?? Promise.resolve(null),
    async close() {
      await engine?.close();
    },
  };
}

function smallerTile(tile: OpenTile | null, sourcePx: number, error: UpreelError): number {
  const usedPx = tile && Math.min(tile.tilePx, sourcePx);
  if (tile && usedPx !== null && usedPx > tile.leastTilePx) return Math.max(tile.leastTilePx, usedPx >> 1);
  if (error.code === 'engine-died') return usedPx ?? Number.POSITIVE_INFINITY;
  const where =
    tile === null ? 'to open the network' : `even for tiles of ${tile.leastTilePx} px, the smallest there are`;
  throw new UpreelError('out-of-memory', `Not enough memory ${where}.`, {
    hint: 'Free some memory, raise the limit that this runs under, or use a smaller network.',
    cause: error,
  });
}

function restartMessage({ message }: UpreelError, tilePx: number): string {
  return `${message} Starting anew${Number.isFinite(tilePx) ? ` with tiles of ${tilePx} px` : ''}.`;
}

function withCeiling(task: EngineTask, ceilingPx: number): EngineTask {
  if (!Number.isFinite(ceilingPx)) return task;
  const tilePx = Math.min(ceilingPx, task.network.tilePx ?? ceilingPx);
  return { ...task, network: { ...task.network, tilePx } };
}
