import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { cacheFolders, offlineFolder } from '../../../src/core/model/cache/cache-folder.ts';

afterEach(() => vi.unstubAllEnvs());

describe('cacheFolders', () => {
  it.runIf(process.platform === 'linux')('lies in XDG_CACHE_HOME (needs Linux)', () => {
    vi.stubEnv('UPREEL_CACHE', undefined);
    vi.stubEnv('XDG_CACHE_HOME', '/somewhere');
    expect(cacheFolders()).toEqual({
      models: '/somewhere/upreel/models',
      onnx: '/somewhere/upreel/onnx',
      devices: '/somewhere/upreel/devices',
      probes: '/somewhere/upreel/probes',
      trials: '/somewhere/upreel/trials',
      lists: '/somewhere/upreel/lists',
      runtime: '/somewhere/upreel/runtime',
      stores: '/somewhere/upreel/stores',
      keys: '/somewhere/upreel/keys',
    });
  });

  it('lets UPREEL_CACHE win, taken from the working folder if it is relative', () => {
    vi.stubEnv('XDG_CACHE_HOME', '/somewhere');
    vi.stubEnv('UPREEL_CACHE', 'own');
    expect(cacheFolders().models).toBe(join(resolve('own'), 'models'));
  });

  it('lets the caller win over both', () => {
    vi.stubEnv('UPREEL_CACHE', '/own');
    expect(cacheFolders('/given').onnx).toBe(resolve('/given/onnx'));
  });
});

describe('offlineFolder', () => {
  it('is there only when UPREEL_MODELS says something', () => {
    vi.stubEnv('UPREEL_MODELS', '');
    expect(offlineFolder()).toBeUndefined();
    vi.stubEnv('UPREEL_MODELS', '/weights');
    expect(offlineFolder()).toBe(resolve('/weights'));
  });
});
