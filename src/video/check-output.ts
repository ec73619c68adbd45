import { dirname, resolve } from 'node:path';
import { UpreelError } from '../core/errors.ts';
import { hasFrameName } from '../core/files/frame-sequence.ts';
import { refuseSameFile } from '../core/files/publish.ts';
import { isSequenceName, resultPlace } from '../core/files/sequence-name.ts';
import { checkPlace } from './finish/finish.ts';
import { checkReport } from './finish/report.ts';
import { isFramesInput } from './frame-files/index.ts';
import { containerFor } from './source/containers.ts';
import type { VideoRequest } from './video-request.ts';

/**
 * What can be known of the output before the input is opened. @param output absolute.
 * @throws UpreelError `usage`, `output-exists`.
 */
export async function checkOutput(
  { input, settings }: Pick<VideoRequest, 'input' | 'settings'>,
  output: string,
): Promise<void> {
  containerFor(output);
  const sources = [input, settings.sound].flatMap((name) => (name === null ? [] : [resolve(name)]));
  for (const source of sources) await refuseSameFile(source, output);
  if (await isFramesInput(input, settings))
    await refuseFrames(settings.frames ?? [resolve(input)], output, settings.report);
  if (settings.report !== null) await checkReport(settings.report, [...sources, output], settings.overwrite);
  await checkPlace(output, settings.overwrite);
}

/** Pictures are overwritten neither by pictures nor by a report. @throws UpreelError `usage`. */
async function refuseFrames(frames: readonly string[], output: string, report: string | null): Promise<void> {
  const folders = [...new Set(frames.map((frame) => dirname(resolve(frame))))];
  if (isSequenceName(output)) for (const folder of folders) await refuseSameFile(folder, resultPlace(output));
  if (report === null || !hasFrameName(report)) return;
  throw new UpreelError('usage', `--report cannot be ${report}: that is the name of a picture.`, {
    hint: 'End its name in .json.',
  });
}
