import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EngineNetwork, EngineTask } from '../../src/engine/engine-protocol.ts';
import { randomCompact } from '../core/model/writers/random-networks.ts';
import { temporaryFolder } from '../support/clips.ts';
import { fromDist } from '../support/dist.ts';
import { imageRequest } from '../support/image-request.ts';
import { descendantRunning, until } from '../support/processes.ts';
import { modelOf } from '../support/random-model.ts';

const { openRestartingEngine, tryNetwork } =
  await fromDist<typeof import('../../src/engine/index.ts')>('engine/index.js');
const { verdictOn } = await fromDist<typeof import('../../src/engine/device-verdict.ts')>('engine/device-verdict.js');
const { AUTOMATIC_NETWORK } = await fromDist<typeof import('../../src/core/upscaler/network-settings.ts')>(
  'core/upscaler/network-settings.js',
);

const folder = temporaryFolder();
const picture = join(folder, 'noise.png');
const output = join(folder, 'out.png');
let made: Awaited<ReturnType<typeof modelOf>>;
let network: EngineNetwork;

beforeAll(async () => {
  // Nothing is known of any device in it.
  process.env.UPREEL_CACHE = join(folder, 'cache');
  made = await modelOf(randomCompact(8, 2, 2, 11));
  network = { ...AUTOMATIC_NETWORK, model: made.path, device: 'cpu', tilePx: 64, sessions: 1, threads: 1 };
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
  await sharp({ create: { width: 40, height: 30, channels: 3, background: '#000', noise } })
    .png()
    .toFile(picture);
});
afterAll(() => made.dispose());

describe('an engine that is killed from outside', () => {
  test.each<[string, (pid: number) => boolean]>([
    ['as it starts', () => true],
    ['as it loads the runtime that opens the network', (pid) => mapsOf(pid).includes('onnxruntime')],
  ])('%s is replaced, and memory is not blamed', async (_, isTime) => {
    const queue = openRestartingEngine();
    const warnings: string[] = [];
    try {
      const killed = killEngine(isTime);
      const work = queue.run(imageTask(), {
        signal: new AbortController().signal,
        onEvent: (event) => event.type === 'warning' && warnings.push(event.message),
      });
      await killed;
      await work;
      expect(warnings).toEqual(['The engine process was ended by SIGKILL. Starting anew.']);
      expect(await sharp(output).metadata()).toMatchObject({ width: 80, height: 60 });
    } finally {
      await queue.close();
      await rm(output, { force: true });
    }
  });

  test('each time as it starts ends the task after a few, with another reason than memory', async () => {
    const queue = openRestartingEngine();
    const work = queue.run(imageTask(), { signal: new AbortController().signal, onEvent: () => undefined });
    let kills = 0;
    let hasEnded = false;
    const ended = work
      .catch((error: unknown) => error)
      .finally(() => {
        hasEnded = true;
      });
    await until(() => {
      const pid = descendantRunning(process.pid, 'programs/engine.js');
      if (pid !== undefined && tryKill(pid)) kills++;
      return hasEnded;
    }, 60_000);
    expect(await ended).toMatchObject({ code: 'engine-died', exitCode: 1, message: /SIGKILL/ });
    expect(kills).toBeGreaterThanOrEqual(4);
    await queue.close();
  });

  test('as it tries a network is replaced', async () => {
    const rgb = new Uint8Array(12 * 10 * 3).fill(100);
    const context = { signal: new AbortController().signal, onEvent: () => undefined };
    const [{ result }] = await Promise.all([
      tryNetwork({ width: 12, height: 10, rgb }, network, context),
      killEngine(() => true),
    ]);
    expect(result).toMatchObject({ width: 24, height: 20 });
  });

  test('as it proves a device is replaced: that says nothing about the device', async () => {
    const context = { signal: new AbortController().signal, onEvent: () => undefined };
    const [verdict] = await Promise.all([verdictOn('cpu', network, context), killEngine(() => true)]);
    expect(verdict).toMatchObject({ proof: { device: 'cpu', maxDifference: 0 } });
  });
});

/** Kills the next engine once it is time. */
async function killEngine(isTime: (pid: number) => boolean): Promise<void> {
  await until(() => {
    const pid = descendantRunning(process.pid, 'programs/engine.js');
    return pid !== undefined && isTime(pid) && tryKill(pid);
  }, 60_000);
}

/** False for one that has ended already. */
function tryKill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}

function mapsOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/maps`, 'utf8');
  } catch {
    return '';
  }
}

function imageTask(): EngineTask {
  return {
    kind: 'image',
    network,
    request: imageRequest(picture, output, { effort: 'balanced', maxInputMegapixels: 100 }),
  };
}
