import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import {
  createPicture,
  DEFAULT_PICTURE_LIMITS,
  type DecodedPicture,
  NO_METADATA,
  openPicture,
  type PictureFilePlan,
} from '../../../src/core/codec/index.ts';
import type { Raster } from '../../../src/core/pixels/raster.ts';

/** A folder of its own for a test file, removed at the end. */
export function makeFolder(): { path(name: string): string } {
  state = 1;
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'upreel-codec-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return { path: (name) => join(folder, name) };
}

/** Samples that differ everywhere and use the whole range (`top`: their largest value). */
export function makeNoise(width: number, height: number, channels: 1 | 3, bytesPerSample: 1 | 2, top?: number): Raster {
  const data = new Uint8Array(width * height * channels * bytesPerSample).map(nextRandomByte);
  if (top !== undefined) {
    const samples = bytesPerSample === 2 ? new Uint16Array(data.buffer) : data;
    for (let index = 0; index < samples.length; index++) samples[index] = samples[index]! % (top + 1);
  }
  return { width, height, channels, bytesPerSample, data };
}

/**
 * A linear congruential generator: every run sees the same pictures, and every picture is another. It begins anew with
 * each file's folder: files share a process in no certain order.
 */
let state = 1;
function nextRandomByte(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state >>> 24;
}

export function samplesOf(raster: Raster): number[] {
  return [...(raster.bytesPerSample === 2 ? new Uint16Array(raster.data.buffer) : raster.data)];
}

export async function decode(path: string): Promise<DecodedPicture> {
  return await (await openPicture(path, DEFAULT_PICTURE_LIMITS)).readPage(0);
}

export function planFor(colour: Raster, alpha: Raster | null, changes: Partial<PictureFilePlan> = {}): PictureFilePlan {
  const { width, height, channels, bytesPerSample } = colour;
  return {
    pages: [{ width, height, resizeTo: null }],
    channels,
    bytesPerSample,
    alpha: alpha !== null,
    format: 'png',
    quality: null,
    effort: 'balanced',
    lossless: false,
    metadata: NO_METADATA,
    strip: false,
    made: null,
    flatten: null,
    overwrite: false,
    ...changes,
  };
}

/** Writes one page in bands of `bandRows`; returns the sink's warnings. */
export async function write(
  path: string,
  colour: Raster,
  alpha: Raster | null,
  changes: Partial<PictureFilePlan> = {},
  bandRows = 7,
): Promise<readonly string[]> {
  const sink = await createPicture(path, planFor(colour, alpha, changes));
  for (let y = 0; y < colour.height; y += bandRows) {
    await sink.writeRows({
      colour: cutRows(colour, y, bandRows),
      alpha: alpha === null ? null : cutRows(alpha, y, bandRows),
    });
  }
  await sink.finish();
  return sink.warnings;
}

function cutRows(raster: Raster, y: number, rows: number): Raster {
  const rowBytes = raster.data.length / raster.height;
  const height = Math.min(rows, raster.height - y);
  return { ...raster, height, data: raster.data.subarray(y * rowBytes, (y + height) * rowBytes) };
}

/**
 * A version 2 matrix profile whose red, green and blue are another profile's green, blue and red: pixels that were
 * converted through it are wrong at a glance.
 */
export function makeTwistedProfile(): Buffer {
  const xyz = (x: number, y: number, z: number) => {
    const tag = Buffer.alloc(20);
    tag.write('XYZ ');
    [x, y, z].forEach((value, index) => {
      tag.writeInt32BE(Math.round(value * 65_536), 8 + index * 4);
    });
    return tag;
  };
  const gamma = Buffer.alloc(16);
  gamma.write('curv');
  gamma.writeUInt32BE(1, 8);
  gamma.writeUInt16BE(Math.round(2.2 * 256), 12);
  const description = Buffer.alloc(104);
  description.write('desc');
  description.writeUInt32BE(8, 8);
  description.write('twisted\0', 12);
  const text = Buffer.alloc(16);
  text.write('text');
  text.write('none', 8);
  const tags: readonly (readonly [string, Buffer])[] = [
    ['desc', description],
    ['cprt', text],
    ['wtpt', xyz(0.9642, 1, 0.8249)],
    ['rXYZ', xyz(0.3851, 0.7169, 0.0971)],
    ['gXYZ', xyz(0.1431, 0.0606, 0.7141)],
    ['bXYZ', xyz(0.4361, 0.2225, 0.0139)],
    ['rTRC', gamma],
    ['gTRC', gamma],
    ['bTRC', gamma],
  ];
  const table = Buffer.alloc(4 + tags.length * 12);
  table.writeUInt32BE(tags.length, 0);
  let offset = 128 + table.length;
  tags.forEach(([name, data], index) => {
    table.write(name, 4 + index * 12);
    table.writeUInt32BE(offset, 8 + index * 12);
    table.writeUInt32BE(data.length, 12 + index * 12);
    offset += data.length;
  });
  const head = Buffer.alloc(128);
  head.writeUInt32BE(offset, 0);
  head.writeUInt32BE(0x02100000, 8);
  head.write('mntrRGB XYZ ', 12);
  head.writeUInt16BE(2024, 24);
  head.writeUInt16BE(1, 26);
  head.writeUInt16BE(1, 28);
  head.write('acsp', 36);
  xyz(0.9642, 1, 0.8249).copy(head, 68, 8);
  return Buffer.concat([head, table, ...tags.map(([, data]) => data)]);
}
