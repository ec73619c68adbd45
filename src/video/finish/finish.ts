import { open, rm, stat } from 'node:fs/promises';
import { UpreelError } from '../../core/errors.ts';
import { publishFile } from '../../core/files/publish.ts';
import { isSequenceName } from '../../core/files/sequence-name.ts';
import type { Provenance } from '../../core/provenance.ts';
import type { VideoPlan } from '../plan/video-plan.ts';
import type { Finisher } from './finisher.ts';
import { joinSegments } from './join.ts';
import { checkPictureFolder, pictureFinisher } from './pictures.ts';
import { verifyResult } from './verify.ts';

/** @param provenance what the result's tags tell; null: nothing. Numbered pictures have no place for it. */
export function finisherFor(plan: VideoPlan, provenance: Provenance | null): Finisher {
  if (isSequenceName(plan.output)) return pictureFinisher(plan);
  return {
    async join(segments, folder, target, signal) {
      // Made before ffmpeg writes to it, so that it is this user's alone until it is published.
      await rm(target, { force: true });
      await (await open(target, 'wx', 0o600)).close();
      await joinSegments(plan, segments, { folder, target, provenance }, signal);
    },
    verify: (ptsTicks, target, signal) => verifyResult(plan, ptsTicks, target, signal),
    publish: (target, place, overwrite) => publishFile(target, place, { overwrite, share: true, shownAs: plan.output }),
  };
}

/** Before the work: whether the result may get its name. @throws UpreelError `output-exists`. */
export async function checkPlace(output: string, overwrite: boolean): Promise<void> {
  if (isSequenceName(output)) return checkPictureFolder(output, overwrite);
  const found = await stat(output).catch(() => undefined);
  if (found === undefined || (overwrite && found.isFile())) return;
  throw new UpreelError('output-exists', `${output} exists already.`, {
    hint: 'Choose another name with -o, or add --overwrite.',
  });
}
