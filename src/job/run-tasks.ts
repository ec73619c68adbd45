import { UpreelError } from '../core/errors.ts';
import type { EngineResult, EngineTask } from './engine-protocol.ts';
import { type Engine, type RunOptions, startEngine } from './supervisor.ts';

/** Runs tasks one after another on an engine that is started when needed and replaced when it dies. */
export interface TaskQueue {
  run(task: EngineTask, options: RunOptions): Promise<EngineResult>;
  close(): Promise<void>;
}

/** An engine that died may have been unlucky once; out of memory is met with half the tile, this many times. */
const MAX_RESTARTS = 3;

export function openTaskQueue({ stallSeconds }: { readonly stallSeconds?: number } = {}): TaskQueue {
  let engine: Engine | null = null;

  async function run(task: EngineTask, options: RunOptions): Promise<EngineResult> {
    let attempt = task;
    let restarts = 0;
    let framesKept = 0;
    const onEvent: RunOptions['onEvent'] = (event) => {
      // A job of days may meet more deaths than that: only those count that brought it no further.
      if (event.type === 'started' && event.framesKept > framesKept) {
        restarts = 0;
        framesKept = event.framesKept;
      }
      options.onEvent(event);
    };
    for (; ; restarts++) {
      engine = engine?.alive ? engine : startEngine(stallSeconds === undefined ? {} : { stallSeconds });
      try {
        return await engine.run(attempt, { ...options, onEvent });
      } catch (error) {
        if (options.signal.aborted || options.drain?.aborted || restarts === MAX_RESTARTS || !mayRestart(error))
          throw error;
        await engine.close();
        attempt = { ...attempt, network: { ...attempt.network, tileHalvings: attempt.network.tileHalvings + 1 } };
        options.onEvent({
          type: 'warning',
          code: 'engine-restarted',
          message: `${(error as UpreelError).message} Going on with tiles of half the size.`,
        });
      }
    }
  }

  return {
    run,
    async close() {
      await engine?.close();
    },
  };
}

function mayRestart(error: unknown): boolean {
  return error instanceof UpreelError && (error.code === 'engine-died' || error.code === 'out-of-memory');
}
