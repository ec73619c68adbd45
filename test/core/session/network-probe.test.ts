import { expect, test } from 'vitest';
import { coreOfForeign } from '../../../src/core/model/onnx/foreign-core.ts';
import { readForeignModel } from '../../../src/core/model/onnx/read-foreign.ts';
import { emitBare } from '../../../src/core/model/onnx/wrap-network.ts';
import { fromDist } from '../../support/dist.ts';
import { descendantRunning, until } from '../../support/processes.ts';
import { ForeignOnnx } from '../model/writers/onnx-writer.ts';

const { openNetworkProbe } = await fromDist<typeof import('../../../src/core/session/network-probe.ts')>(
  'core/session/network-probe.js',
);

const SOURCE = { data: Float32Array.from({ length: 12 }, (_, index) => index), dimensions: [1, 3, 2, 2] };

test('a process that tries a network and is killed as it opens it, or between pictures, is replaced', async () => {
  const [probe] = await Promise.all([openNetworkProbe(negation()), kill()]);
  try {
    await kill();
    const { data } = await probe.run(SOURCE);
    expect([...data]).toEqual([...SOURCE.data].map((value) => -value));
  } finally {
    await probe.close();
  }
});

test('one that is killed each time says so, and does not call the network a bad one', async () => {
  let hasEnded = false;
  const opening = openNetworkProbe(negation())
    .catch((error: unknown) => error)
    .finally(() => {
      hasEnded = true;
    });
  await until(() => {
    tryKill();
    return hasEnded;
  }, 30_000);
  expect(await opening).toMatchObject({ code: 'engine-died', message: /SIGKILL/ });
});

test('a network that the runtime does not take is a bad one', async () => {
  await expect(openNetworkProbe(Uint8Array.of(1, 2, 3))).rejects.toMatchObject({ code: 'model-refused' });
});

/** The process of the next probe, as soon as it is there. */
async function kill(): Promise<void> {
  await until(tryKill, 30_000);
}

function tryKill(): boolean {
  const pid = descendantRunning(process.pid, 'network-probe-process');
  try {
    return pid !== undefined && process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}

function negation(): Uint8Array {
  const onnx = new ForeignOnnx();
  const model = readForeignModel(onnx.finish(onnx.node('Neg', ['input'])));
  return emitBare(
    coreOfForeign(
      model,
      { channels: 3, layout: 'nchw', samples: { white: 1, black: 0, order: 'rgb' }, fixedPx: null, enlargeFirst: 1 },
      1,
    ),
  );
}
