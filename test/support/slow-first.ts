import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files that take a minute and more begin first, so that at the end no core waits for the other: on a fresh clone vitest
 * knows of no durations, and goes by the size of files. Longest first, as measured on two cores; those in GIMP a
 * little later, since CI may still be making its tree.
 */
const SLOW = [
  'video/plan/sound-table',
  'job/jobs',
  'cli/jobs-terminal',
  'job/resume',
  'video/frame-files/frames-kinds',
  'video/upscale-video',
  'engine/devices',
  'fleet/faults',
  'bridge/gimp-faults',
  'bridge/gimp-batch',
  'bridge/gimp-gui',
  'video/resume',
  'video/source/bad-input',
  'video/segment/segment-decode',
  'bridge/upscale',
  'video/plan/picture',
  'cli/upscale-stills',
  'install',
  'video/source/trim',
  'core/upscaler/open-upscaler',
  'cli/damage-terminal',
  'video/shapes/shape-change',
  'bridge/faults',
  'video/part',
  'video/steady/steady-film',
  'video/odd-recordings',
  'cli/upscale-video',
  'video/frames/changed-frames',
  'video/finish/ending',
  'engine/out-of-memory',
  'cli/dry-run',
].map((name) => `/test/${name}.test.ts`);

const gone = SLOW.filter((name) => !existsSync(fileURLToPath(new URL(`../..${name}`, import.meta.url))));
if (gone.length > 0) throw new Error(`There is no ${gone.join(', ')}: update the list of slow tests.`);

export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification) => SLOW.findIndex((name) => moduleId.endsWith(name));
    const slow = others.filter((file) => rank(file) >= 0).toSorted((a, b) => rank(a) - rank(b));
    // Those of one process one after another: it ends when a file of another kind is next.
    const isShared = ({ project }: TestSpecification) => !project.config.isolate;
    const rest = others.filter((file) => rank(file) < 0);
    return [...slow, ...rest.filter((file) => !isShared(file)), ...rest.filter(isShared)];
  }
}
