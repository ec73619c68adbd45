import { chmod, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { diskFull, systemErrorCode, UpreelError } from '../../core/errors.ts';
import { runFfmpeg } from '../../core/ffmpeg/ffmpeg.ts';
import { ignoreLackOfModes, syncFolder } from '../../core/files/publish.ts';
import { ffmpegPattern, isPictureOf, pictureName, resultPlace } from '../../core/files/sequence-name.ts';
import type { VideoPlan } from '../plan/video-plan.ts';
import type { Finisher } from './finisher.ts';
import { withSegments } from './join.ts';
import { expectEqual, failed } from './verification-failure.ts';
import { expectListed } from './verify.ts';

/**
 * A film as numbered pictures: segments hold them as packets, which are copied into files of their own. The folder
 * appears complete or not at all.
 */
export function pictureFinisher(plan: VideoPlan): Finisher {
  const { output } = plan;
  return {
    async join(segments, folder, target, signal) {
      await rm(target, { force: true, recursive: true });
      await mkdir(target, { mode: 0o700 });
      const options = ['-map', '0:v:0', '-c', 'copy', '-start_number', '1', '-f', 'image2'];
      const result = { options, target: `file:${ffmpegPattern(target, output)}` };
      await withSegments(segments, folder, (input) => runFfmpeg({ inputs: [input], output: result }, signal));
    },
    async verify(ptsTicks, target) {
      expectListed(plan, ptsTicks);
      const names = await readdir(target);
      expectEqual('pictures', ptsTicks.length, names.length);
      let bytes = 0;
      for (let number = 1; number <= ptsTicks.length; number++) {
        bytes += await checkPicture(plan, join(target, pictureName(output, number)));
      }
      const { width, height } = plan.encodedSize;
      const checks = [`${names.length} pictures, one for each frame`, `width and height ${width}x${height}`];
      return { maxDeviationSeconds: 0, checks, bytes, warnings: [] };
    },
    publish: (target, place, overwrite) => publishFolder(target, place, output, overwrite),
  };
}

/**
 * The folder of a sequence must be new or empty; with `overwrite` it may hold pictures of the same sequence.
 * @throws UpreelError `output-exists`, `output-unwritable`.
 */
export async function checkPictureFolder(pattern: string, overwrite: boolean): Promise<void> {
  const folder = resultPlace(pattern);
  const names = await readdir(folder).catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw new UpreelError('output-unwritable', `${folder} is not a folder that pictures can be put into.`, {
      hint: 'Choose another with -o.',
      cause: error,
    });
  });
  const other = names.find((name) => !overwrite || !isPictureOf(pattern, name));
  if (other === undefined) return;
  throw new UpreelError('output-exists', `The folder ${folder} is not empty: ${other} is in it.`, {
    hint: overwrite
      ? '--overwrite replaces a folder that holds nothing but pictures of such names: choose another with -o.'
      : 'Choose another folder with -o; --overwrite replaces one with nothing but such pictures.',
  });
}

/** Its bytes were verified in its segment: here it is a question of the file. @returns its size. */
async function checkPicture({ container, encodedSize }: VideoPlan, path: string): Promise<number> {
  const file = await open(path, 'r').catch(() => null);
  if (file === null) throw failed(`the picture ${path} is missing`);
  try {
    const { size } = await file.stat();
    if (container.name === 'png') {
      const head = Buffer.alloc(24);
      const tail = Buffer.alloc(12);
      await file.read(head, 0, head.length, 0);
      await file.read(tail, 0, tail.length, Math.max(0, size - tail.length));
      const { width, height } = encodedSize;
      const isWhole = head.readUInt32BE(16) === width && head.readUInt32BE(20) === height;
      if (!isWhole || tail.toString('latin1', 4, 8) !== 'IEND') throw failed(`the picture ${path} is not whole`);
    }
    if (size === 0) throw failed(`the picture ${path} is empty`);
    // As with every result: it is on the disk before it has its name.
    await file.sync();
    return size;
  } finally {
    await file.close();
  }
}

async function publishFolder(made: string, folder: string, pattern: string, overwrite: boolean): Promise<void> {
  await checkPictureFolder(pattern, overwrite);
  const aside = `${made}.before`;
  const shown = resultPlace(pattern);
  try {
    await chmod(made, 0o777 & ~process.umask()).catch(ignoreLackOfModes);
    await syncFolder(made);
    // A rename replaces an empty folder everywhere but on Windows.
    await rmdir(folder).catch(() => {});
    const isThere = overwrite && (await stat(folder).catch(() => null)) !== null;
    if (isThere) await rename(folder, aside);
    await rename(made, folder);
    await syncFolder(dirname(folder));
    if (isThere) await rm(aside, { recursive: true });
  } catch (error) {
    if (systemErrorCode(error) === 'ENOSPC') throw diskFull(error, shown);
    throw new UpreelError('output-unwritable', `Cannot give the finished pictures their name ${shown}.`, {
      hint: 'Check that you may write beside it, or choose another folder with -o.',
      cause: error,
    });
  }
}
