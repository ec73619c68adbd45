import { loadCodec } from '../core/codec/index.ts';
import { asUpreelError, toErrorRecord, UpreelError } from '../core/errors.ts';
import { underAddressSpaceLimit } from './address-space.ts';
import { PICTURES_FLAG } from './engine-process.ts';
import type { EngineMessage, EngineRequest } from './engine-protocol.ts';
import { openTaskRunner } from './task-runner.ts';

/**
 * Entry of the engine process: everything that can crash, block or eat memory lives here, so that the supervisor can
 * end it at any time. Its standard input is never written: its end means that the supervisor is gone.
 */

/** How long tasks may take to remove their temporary files once the supervisor is gone. */
const CLEAN_UP_MILLISECONDS = 1500;

const runner = openTaskRunner();
const running = new Map<number, { readonly cancel: AbortController; readonly drain: AbortController }>();

/** The supervisor ends an engine that says nothing for long. */
const ALIVE_MILLISECONDS = 1000;
setInterval(() => send({ type: 'alive' }), ALIVE_MILLISECONDS).unref();

process.on('message', (request: EngineRequest) => {
  switch (request.type) {
    case 'run':
      void runTask(request);
      break;
    case 'drain':
      running.get(request.id)?.drain.abort(interrupted());
      break;
    case 'cancel':
      running.get(request.id)?.cancel.abort(interrupted());
      break;
    case 'pause':
      runner.pause.set(request.on);
      break;
    case 'preview':
      void runner.preview.newest().then((pair) => send({ type: 'preview', pair }));
      break;
  }
});

async function runTask({ id, task }: Extract<EngineRequest, { type: 'run' }>): Promise<void> {
  const cancel = new AbortController();
  const drain = new AbortController();
  running.set(id, { cancel, drain });
  try {
    const result = await runner.run(task, {
      signal: cancel.signal,
      drain: drain.signal,
      onEvent: (event) => send({ type: 'event', id, event }),
      onOpen: (tile) => send({ type: 'opened', id, ...tile }),
      onRows: (rows) => send({ type: 'rows', id, rows }),
      onSegments: (news) => send({ type: 'segments', id, news }),
    });
    send({ type: 'settled', id, result });
  } catch (error) {
    const cause = cancel.signal.aborted ? asUpreelError(cancel.signal.reason) : underAddressSpaceLimit(error);
    send({ type: 'rejected', id, error: toErrorRecord(cause) });
  } finally {
    running.delete(id);
  }
}

function interrupted(): UpreelError {
  return new UpreelError('interrupted', 'Interrupted.', {
    hint: 'What is finished of a video stays: run the same command again to go on.',
  });
}

function send(message: EngineMessage): void {
  // The channel may close between the check and the call; the end of standard input then ends the process.
  if (process.connected) process.send?.(message, undefined, {}, () => undefined);
}

// What is loaded while nothing is asked is not waited for later.
if (process.argv.includes(PICTURES_FLAG)) setImmediate(loadCodec);

process.stdin.on('end', endWithSupervisor).on('error', endWithSupervisor).resume();
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, endWithSupervisor);

function endWithSupervisor(): void {
  for (const { cancel } of running.values()) {
    cancel.abort(new UpreelError('terminated', 'The supervising process ended.'));
  }
  const deadline = Date.now() + CLEAN_UP_MILLISECONDS;
  const poll = (): void => {
    // process.exit() would wait for worker threads that are inside a run, or abort on them.
    if (running.size === 0 || Date.now() > deadline) process.kill(process.pid, 'SIGKILL');
    setTimeout(poll, 20);
  };
  poll();
}
