// Shared by the benchmarks: inputs made by ffmpeg and sharp, and figures as people quote them.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A scratch folder that is gone when the process ends. */
export function scratchFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'upreel-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What engines are started with (src/engine/engine-process.ts): else glibc keeps much of what is freed. */
export const FRUGAL_MALLOC = { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '131072' };

/** A clip that nothing can be saved on: every frame is new. */
export function makeClip(path, { width, height, frames }) {
  const source = `testsrc2=size=${width}x${height}:rate=24,noise=alls=20:allf=t:all_seed=7`;
  const args = ['-v', 'error', '-y', '-f', 'lavfi', '-i', source, '-frames:v', String(frames), '-pix_fmt', 'yuv420p'];
  const { status } = spawnSync('ffmpeg', [...args, '-c:v', 'libx264', '-crf', '12', path], { stdio: 'inherit' });
  if (status !== 0) throw new Error('ffmpeg could not make the clip.');
  return path;
}

/** Numbers 0..1 by mulberry32: the same on every machine. */
export function seeded(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z = (z + Math.imul(z ^ (z >>> 7), z | 61)) ^ z;
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function spread(values, digits = 3) {
  const show = (value) => value.toFixed(digits);
  return `${show(median(values))} (${show(Math.min(...values))}..${show(Math.max(...values))})`;
}

/** A Compact network, 16 features and two convolutions in its body, that changes the enlarged picture a little. */
export function writeSmallNetwork(path) {
  const shapes = { 'body.0.weight': [16, 3, 3, 3], 'body.0.bias': [16], 'body.1.weight': [16] };
  Object.assign(shapes, { 'body.2.weight': [16, 16, 3, 3], 'body.2.bias': [16], 'body.3.weight': [16] });
  Object.assign(shapes, { 'body.4.weight': [48, 16, 3, 3], 'body.4.bias': [48] });
  return writeTensors(path, shapes, (_, count) =>
    Float32Array.from({ length: count }, (_, i) => 0.05 * Math.sin(i * 12.9898 + count)),
  );
}

/** A .safetensors file. @param shapes by key @param valuesOf (key, count) => Float32Array */
export function writeTensors(path, shapes, valuesOf) {
  const header = {};
  const parts = [];
  let position = 0;
  for (const [key, shape] of Object.entries(shapes)) {
    const count = shape.reduce((a, b) => a * b, 1);
    header[key] = { dtype: 'F32', shape, data_offsets: [position, position + 4 * count] };
    position += 4 * count;
    parts.push(new Uint8Array(valuesOf(key, count).buffer));
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(path, Buffer.concat([length, text, ...parts]));
  return path;
}
