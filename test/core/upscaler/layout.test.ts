import { describe, expect, it } from 'vitest';
import { chooseLayout, type Layout, splitsFor, tilesFor, withLayout } from '../../../src/core/upscaler/layout.ts';
import { AUTOMATIC_NETWORK } from '../../../src/core/upscaler/network-settings.ts';
import type { UpscalerOptions } from '../../../src/core/upscaler/open-upscaler.ts';

const USUAL: Layout = { sessions: 2, threadsPerSession: 1, tilePx: 256, spinning: true };
const SMALL: Layout = { ...USUAL, tilePx: 96 };
const ONE: Layout = { ...USUAL, sessions: 1, threadsPerSession: 2 };

describe('the layouts that are tried', () => {
  it.each([
    [1, ['1x1']],
    [2, ['1x2', '2x1']],
    [6, ['1x6', '2x3', '4x1', '6x1']],
    [32, ['1x32', '2x16', '4x8', '8x4']],
  ])('share out %d cores, and never more than there are', (cores, expected) => {
    const splits = splitsFor('cpu', cores);
    expect(splits.map(({ sessions, threadsPerSession }) => `${sessions}x${threadsPerSession}`)).toEqual(expected);
  });

  it('have one session on WebGPU, which bears no second one', () => {
    expect(splitsFor('webgpu', 8).map(({ sessions }) => sessions)).toEqual([1]);
    expect(splitsFor('cuda', 8).map(({ sessions }) => sessions)).toEqual([1, 2, 3]);
  });

  const free = { gridPx: 1, alignPx: 1, fixedPx: null, wholeOnly: false } as Parameters<typeof tilesFor>[1];

  it('have tiles from the smallest up to what memory allows, the usual one among them', () => {
    expect(tilesFor('cpu', free, 200, 300)).toEqual([48, 64, 96, 128, 192, 200, 256]);
    expect(tilesFor('cpu', free, 352, 100)).toEqual([48, 64, 96, 100]);
  });

  it('have tiles that the network’s own windows fit', () => {
    for (const tile of tilesFor('cpu', { ...free, gridPx: 24 }, 240, 512)) expect(tile % 24).toBe(0);
  });

  it('have the usual tile alone where the network takes no other', () => {
    expect(tilesFor('cpu', { ...free, fixedPx: { width: 64, height: 64 } }, 64, 1024)).toEqual([64]);
    expect(tilesFor('cpu', { ...free, wholeOnly: true }, 256, 1024)).toEqual([256]);
  });
});

describe('the layout that is taken', () => {
  it.each([
    ['the fastest', [100, 140, 120], SMALL],
    ['the usual one if no other is clearly faster', [100, 102, 101], USUAL],
    ['the usual one if it was not measured itself', [null, 140, 120], USUAL],
    ['one that could be run', [100, null, 120], ONE],
  ] as const)('is %s', (_, [usual, small, one], expected) => {
    const speeds = new Map([
      [USUAL, usual],
      [SMALL, small],
      [ONE, one],
    ]);
    const trials = [...speeds].flatMap(([layout, pixelsPerSecond]) =>
      layout === USUAL && pixelsPerSecond === null ? [] : [{ ...layout, pixelsPerSecond }],
    );
    expect(chooseLayout(trials, USUAL)).toEqual(expected);
  });
});

describe('a layout that was measured', () => {
  const options = { device: 'cpu', haloPx: 18, featherPx: 0, gpus: [], ensemble: false, rerunBlank: true } as const;
  const usual: UpscalerOptions = { ...options, sessions: 2, threadsPerSession: 1, tilePx: 256 };
  const settings = { ...AUTOMATIC_NETWORK, model: 'any' };

  it('is taken where no flag says otherwise', () => {
    expect(withLayout(usual, settings, ONE)).toEqual({ ...usual, ...ONE });
    expect(withLayout(usual, settings, null)).toBe(usual);
  });

  it.each([{ sessions: 1 }, { haloPx: 4 }])('is not taken with %j, which it was not measured with', (flags) => {
    expect(withLayout(usual, { ...settings, ...flags }, ONE)).toBe(usual);
  });

  it('keeps its sessions for a tile that is given', () => {
    expect(withLayout(usual, { ...settings, tilePx: 64 }, ONE)).toMatchObject({ sessions: 1, tilePx: 64 });
  });
});
