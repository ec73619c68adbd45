import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { outOfMemory, UpreelError } from '../errors.ts';
import { ownProgram } from '../files/own-files.ts';
import { isKill } from './kill-signals.ts';
import { watchMemory } from './memory-watch.ts';
import type { ProbeReply, ProbeRequest } from './network-probe-process.ts';
import type { FloatTensor } from './session.ts';

/** A network of unknown origin, open in a process of its own: it may crash, hang or eat memory there. */
export interface NetworkProbe {
  /**
   * @throws UpreelError `model-refused` if the network does not run on this, with onnxruntime's reason as cause;
   *   `out-of-memory` or `engine-died` if the process was killed from outside, which says nothing about the network.
   */
  run(source: FloatTensor): Promise<FloatTensor>;
  close(): Promise<void>;
}

/** Opens an ONNX file with float samples in (`source`) and out (`upscaled`) on the CPU. @throws as `run` */
export async function openNetworkProbe(network: Uint8Array): Promise<NetworkProbe> {
  const folder = await mkdtemp(join(tmpdir(), 'upreel-probe-'));
  const networkFile = join(folder, 'network.onnx');
  let child: ChildProcess | null = null;

  async function opened(): Promise<ChildProcess> {
    if (child !== null) return child;
    child = startProcess();
    await ask(child, { type: 'open', networkFile });
    return child;
  }

  async function againAfterKill<T>(attempt: () => Promise<T>): Promise<T> {
    const memory = watchMemory();
    for (let kills = 0; ; kills++) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof ProbeKilled)) throw error;
        child = null;
        const sign = memory.sign();
        if (sign !== null) throw outOfMemory(`A network on trial was ended ${sign}.`, error);
        if (kills === MAX_KILLS) throw error;
      }
    }
  }

  async function close(): Promise<void> {
    child?.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }

  try {
    await writeFile(networkFile, network);
    await againAfterKill(opened);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    run: (source) =>
      againAfterKill(async () => {
        const reply = await ask(await opened(), { type: 'run', source });
        if (reply.type !== 'result') throw new UpreelError('internal', `Expected a result, got ${reply.type}.`);
        return reply.upscaled;
      }),
    close,
  };
}

const MAX_KILLS = 3;

class ProbeKilled extends UpreelError {
  constructor(signal: string) {
    super('engine-died', `The process that tries the network was ended by ${signal}.`, {
      hint: 'Run the same command again.',
    });
  }
}

function startProcess(): ChildProcess {
  return fork(ownProgram('network-probe-process'), [], {
    serialization: 'advanced',
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
}

async function ask(child: ChildProcess, request: ProbeRequest): Promise<ProbeReply> {
  const seconds = secondsFor(request);
  const reply = await new Promise<ProbeReply>((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      child.off('message', settle).off('exit', onExit).off('error', onError);
    };
    const settle = (answer: ProbeReply): void => {
      end();
      resolve(answer);
    };
    const onError = (): void => settle({ type: 'failed', reason: 'it crashed onnxruntime' });
    const onExit = (): void => {
      if (isKill(child.signalCode)) {
        end();
        reject(new ProbeKilled(`${child.signalCode}`));
      } else onError();
    };
    const timer = setTimeout(() => {
      settle({ type: 'failed', reason: `it did not answer within ${seconds} s` });
      child.kill('SIGKILL');
    }, seconds * 1000);
    child.on('message', settle).on('exit', onExit).on('error', onError);
    if (child.exitCode !== null || child.signalCode !== null) onExit();
    // One that cannot be written to is about to be gone.
    else if (child.connected) child.send(request, () => undefined);
  });
  if (reply.type !== 'failed') return reply;
  throw new UpreelError('model-refused', 'The network does not run on a small test picture.', {
    hint: 'Check that it takes one picture and makes a larger one, in the sizes that it says it takes.',
    cause: reply.reason,
  });
}

/** For a picture of some 1,500 pixels; larger ones get more, as those of networks of fixed size. */
const ANSWER_SECONDS = 60;
const PIXELS_OF_IT = 1536;
const MOST_SECONDS = 600;

function secondsFor(request: ProbeRequest): number {
  const [, , height = 0, width = 0] = request.type === 'run' ? request.source.dimensions : [];
  return Math.min(MOST_SECONDS, ANSWER_SECONDS * Math.max(1, (width * height) / PIXELS_OF_IT));
}
