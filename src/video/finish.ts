import { stat } from 'node:fs/promises';
import { UpreelError } from '../core/errors.ts';
import { publishFile } from '../core/publish.ts';
import { isSequenceName } from '../core/sequence-name.ts';
import type { Finisher } from './finisher.ts';
import { joinSegments } from './join.ts';
import { checkPictureFolder, pictureFinisher } from './pictures.ts';
import type { VideoPlan } from './plan.ts';
import { verifyResult } from './verify.ts';

export function finisherFor(plan: VideoPlan): Finisher {
  if (isSequenceName(plan.output)) return pictureFinisher(plan);
  return {
    join: (segments, folder, target, signal) => joinSegments(plan, segments, folder, target, signal),
    verify: (ptsTicks, target, signal) => verifyResult(plan, ptsTicks, target, signal),
    publish: (target, overwrite) => publishFile(target, plan.output, { overwrite }),
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
