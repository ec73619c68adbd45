import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UpreelError } from './errors.ts';
import type { ProbeReply, ProbeRequest } from './network-probe-process.ts';
import type { FloatTensor } from './session.ts';

/** A network of unknown origin, open in a process of its own: it may crash, hang or eat memory there. */
export interface NetworkProbe {
  /** @throws UpreelError `model-refused` if the network does not run on this, with onnxruntime's reason as cause */
  run(source: FloatTensor): Promise<FloatTensor>;
  close(): Promise<void>;
}

/** Opens an ONNX file with float samples in (`source`) and out (`upscaled`) on the CPU. @throws as `run` */
export async function openNetworkProbe(network: Uint8Array): Promise<NetworkProbe> {
  const folder = await mkdtemp(join(tmpdir(), 'upreel-probe-'));
  const networkFile = join(folder, 'network.onnx');
  const child = fork(fileURLToPath(new URL('./network-probe-process.js', import.meta.url)), [], {
    serialization: 'advanced',
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const close = async (): Promise<void> => {
    child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await writeFile(networkFile, network);
    await ask(child, { type: 'open', networkFile });
  } catch (error) {
    await close();
    throw error;
  }
  return {
    async run(source) {
      const reply = await ask(child, { type: 'run', source });
      if (reply.type !== 'result') throw new UpreelError('internal', `Expected a result, got ${reply.type}.`);
      return reply.upscaled;
    },
    close,
  };
}

async function ask(child: ChildProcess, request: ProbeRequest): Promise<ProbeReply> {
  const reply = await new Promise<ProbeReply>((resolve) => {
    const settle = (answer: ProbeReply): void => {
      clearTimeout(timer);
      child.off('message', settle).off('exit', onExit).off('error', onExit);
      resolve(answer);
    };
    const onExit = (): void => settle({ type: 'failed', reason: 'it crashed onnxruntime' });
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      settle({ type: 'failed', reason: `it did not answer within ${ANSWER_SECONDS} s` });
    }, ANSWER_SECONDS * 1000);
    child.on('message', settle).on('exit', onExit).on('error', onExit);
    if (child.connected) child.send(request, (error) => error && onExit());
    else onExit();
  });
  if (reply.type !== 'failed') return reply;
  throw new UpreelError('model-refused', 'The network does not run on a small test picture.', {
    hint: 'Check that it takes one picture and makes a larger one, in any size.',
    cause: reply.reason,
  });
}

/** For a picture of some 1,500 pixels. */
const ANSWER_SECONDS = 60;
