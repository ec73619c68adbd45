import { describe, expect, test } from 'vitest';
import type { DeviceName } from '../../src/core/device-name.ts';
import type { ModelDescriptor } from '../../src/core/model/index.ts';
import { runError } from '../../src/core/session/session.ts';
import { AUTOMATIC_NETWORK, resolveUpscalerOptions } from '../../src/core/upscaler/network-settings.ts';
import { fromDist } from '../support/dist.ts';

const { openSessionPool } =
  await fromDist<typeof import('../../src/core/session/session-pool.ts')>('core/session/session-pool.js');

const light = { flopsPerPixel: 2.4e6, receptiveFieldPx: 34, gridPx: 1, fixedPx: null } as ModelDescriptor;
const wide = { flopsPerPixel: 36e6, receptiveFieldPx: 349, gridPx: 1, fixedPx: null } as ModelDescriptor;

function optionsFor(device: DeviceName, descriptor: ModelDescriptor, work: 'stills' | 'frames', sessions?: number) {
  const settings = { ...AUTOMATIC_NETWORK, model: 'any', device, sessions: sessions ?? null };
  return resolveUpscalerOptions(settings, descriptor, device, work);
}

describe('on a GPU', () => {
  test.each([
    ['cuda', 'frames', 3],
    ['tensorrt', 'frames', 3],
    ['cuda', 'stills', 1],
    ['webgpu', 'frames', 1],
    ['dml', 'frames', 1],
    ['coreml', 'frames', 1],
  ] as const)('%s runs %s in %i sessions', (device, work, sessions) => {
    expect(optionsFor(device, light, work).sessions).toBe(sessions);
  });

  test('the number of sessions can be set where several may run, and only there', () => {
    expect(optionsFor('cuda', light, 'frames', 2).sessions).toBe(2);
    expect(optionsFor('webgpu', light, 'frames', 2).sessions).toBe(1);
  });

  test.each([
    ['light', light, 512],
    ['wide', wide, 256],
  ] as const)('a %s network has large tiles', (_kind, descriptor, tilePx) => {
    expect(optionsFor('webgpu', descriptor, 'frames').tilePx).toBe(tilePx);
  });

  test.each([
    [[], 3],
    [[0], 3],
    [[0, 2], 6],
  ])('on GPUs %j there are %i lanes', async (gpus, lanes) => {
    const pool = openSessionPool({ device: 'cuda', scale: 2, sessions: 3, threadsPerSession: 1, gpus });
    expect(pool.sessions).toBe(lanes);
    await pool.close();
  });
});

describe('an error of a run', () => {
  const tooLarge =
    "Non-zero status code returned while running Conv node. Name:'n256_token_360' Status Message: absl::container_internal::raw_hash_map<>::at";

  test('is lack of memory where a layer is too large for WebGPU, so that a smaller tile is tried', () => {
    expect(runError(new Error(tooLarge), 'webgpu', 768, 640)).toMatchObject({
      code: 'out-of-memory',
      message: 'Not enough memory on webgpu for a tile of 768x640 pixels.',
    });
  });

  test.each([
    ['cpu', tooLarge],
    ['webgpu', 'The shape of an input does not fit.'],
  ] as const)('on %s, "%s" stays what it is', (device, message) => {
    const error = new Error(message);
    expect(runError(error, device, 768, 640)).toBe(error);
  });
});
