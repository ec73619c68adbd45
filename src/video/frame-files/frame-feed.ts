import { readFile } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { UpreelError } from '../../core/errors.ts';
import { writeNutFrameHeader, writeNutHeader } from '../frames/nut-writer.ts';
import type { FrameFiles } from './frame-files.ts';

/**
 * What ffmpeg gets of a film made of pictures: it never sees their names. Their bytes, as they are, go into its
 * standard input in NUT, numbered from 0 in units of a frame; which decoder reads them is said on the command line.
 */
export function frameInput({ decoder, decoderOptions }: FrameFiles): {
  readonly options: readonly string[];
  readonly source: string;
} {
  return {
    options: [
      ...['-protocol_whitelist', 'pipe', '-fpsprobesize', '0', '-noautorotate'],
      ...['-f', 'nut', '-c:v', decoder, ...decoderOptions],
    ],
    source: 'pipe:0',
  };
}

/**
 * Feeds the pictures from one on, and ends. Ends early, and well, where the decoder wants no more.
 * @throws UpreelError `input-unreadable` for a picture that has gone since it was checked.
 */
export async function feedFrames({ paths, rate }: FrameFiles, first: number, target: Writable): Promise<void> {
  try {
    const timeBase = { num: rate.den, den: rate.num };
    // The decoder finds size and samples in each picture.
    const size = { width: 1, height: 1 };
    const header = writeNutHeader({ size, bytesPerSample: 1, timeBase, sampleAspectRatio: null, frameRate: rate });
    if (!(await write(target, header))) return;
    let next = readFrame(paths, first);
    for (let index = first; index < paths.length; index++) {
      const data = await next;
      if (target.destroyed) return;
      // One is read while the one before is decoded.
      next = readFrame(paths, index + 1);
      next.catch(() => {});
      const isTaken = await write(target, Buffer.concat([writeNutFrameHeader(index, data.length), data]));
      if (!isTaken) return;
    }
  } finally {
    target.end();
  }
}

async function readFrame(paths: readonly string[], index: number): Promise<Buffer> {
  const path = paths[index];
  if (path === undefined) return Buffer.alloc(0);
  try {
    return await readFile(path);
  } catch (cause) {
    throw new UpreelError('input-unreadable', `Cannot read frame ${index + 1} (${path}) any more.`, {
      hint: 'Bring it back and run the same command again to go on.',
      cause,
    });
  }
}

/** @returns false if nobody takes it any more: the program's own end says why. */
function write(stream: Writable, data: Uint8Array): Promise<boolean> {
  return new Promise((resolve) => {
    if (stream.destroyed) resolve(false);
    else stream.write(data, (error) => resolve(!error));
  });
}
