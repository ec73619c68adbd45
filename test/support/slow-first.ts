import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files that take half a minute and more begin first, so that at the end no core waits for the other: on a fresh clone
 * vitest knows of no durations, and goes by the size of files. Longest first, as measured on two cores; those in GIMP a
 * little later, since CI may still be making its tree.
 */
const SLOW = [
  'video/plan/sound-table',
  'fleet/faults',
  'job/jobs',
  'video/resume',
  'video/upscale-video',
  'cli/jobs-terminal',
  'video/frames/changed-frames',
  'engine/devices',
  'bridge/gimp-faults',
  'bridge/gimp-batch',
  'bridge/gimp-gui',
  'video/frame-files/frames-kinds',
  'job/resume',
  'video/segment/segment-decode',
  'video/source/bad-input',
  'video/encode/colour-tags',
  'store/planted',
  'video/sync',
  'video/samples',
  'video/odd-recordings',
  'video/source/fields',
  'install',
  'video/shapes/shape-change',
  'video/plan/picture',
  'video/finish/join',
  'video/frame-files/frames-film',
  'video/plan/nominal-rate',
  'fleet/s3-store',
  'tui/dashboard/dashboard',
  'video/steady/steady-film',
  'video/source/trim',
  'library/presets',
  'bridge/attacks',
  'video/part',
  'video/finish/ending',
  'bridge/upscale',
  'cli/damage-terminal',
  'tui/view',
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
