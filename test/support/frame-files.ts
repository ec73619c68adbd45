import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TaskEvent } from '../../src/core/events.ts';
import { ffmpeg, pattern } from './clips.ts';

/** Numbered from 1, as a folder of its own. @returns the pattern of their names */
export function makeFrames(
  folder: string,
  file: string,
  frames: number,
  options: readonly string[] = [],
  size = '46x30',
): string {
  mkdirSync(folder, { recursive: true });
  const source = pattern(frames / 10, { size, rate: '10' });
  ffmpeg(...source, ...options, '-start_number', '1', '-f', 'image2', join(folder.replaceAll('%', '%%'), file));
  return join(folder, file);
}

/** Each sample as the network that repeats pixels gives it. */
export function twice(frames: Buffer, width: number, height: number, bytesPerPixel: number): Buffer {
  const bytes = width * height * bytesPerPixel;
  const result = Buffer.alloc(frames.length * 4);
  for (let pixel = 0; pixel < frames.length / bytesPerPixel; pixel++) {
    const [frame, rest] = [Math.floor(pixel / (width * height)), pixel % (width * height)];
    const [y, x] = [Math.floor(rest / width), rest % width];
    for (const [row, column] of [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ] as const) {
      const to = frame * bytes * 4 + ((2 * y + row) * 2 * width + 2 * x + column) * bytesPerPixel;
      frames.copy(result, to, pixel * bytesPerPixel, (pixel + 1) * bytesPerPixel);
    }
  }
  return result;
}

export function messages(events: readonly TaskEvent[], code: string): string[] {
  return events.flatMap((event) => (event.type === 'warning' && event.code === code ? [event.message] : []));
}

/** As the network gets RGB of pictures: full range, exact. */
export const FULL = 'scale=in_range=pc:out_range=pc:flags=bicubic+accurate_rnd+full_chroma_int+bitexact';
