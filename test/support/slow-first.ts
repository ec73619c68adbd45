import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files that take long begin first, so that at the end no core waits for the other: on a fresh clone vitest knows of no
 * durations, and goes by the size of files. Longest first, as measured on two cores; those in GIMP a little later,
 * since CI may still be making its tree.
 */
const SLOW = [
  'video/plan/sound-table',
  'fleet/faults',
  'job/jobs',
  'video/resume',
  'engine/devices',
  'cli/jobs-terminal',
  'video/upscale-video',
  'bridge/gimp-faults',
  'bridge/gimp-batch',
  'bridge/gimp-gui',
  'video/segment/segment-decode',
  'video/source/bad-input',
  'fleet/endings',
  'video/frames/changed-frames',
  'job/resume',
  'fleet/s3-store',
  'fleet/s3-inputs',
  'install',
  'tui/dashboard/dashboard',
  'video/job-plan',
  'video/plan/picture',
  'cli/models',
  'video/shapes/shape-change',
  'video/odd-recordings',
  'video/encode/colour-tags',
  'video/frame-files/frames-kinds',
  'video/source/fields',
  'bridge/attacks',
  'cli/damage-terminal',
  'video/sync',
  'tui/view',
  'bridge/upscale',
  'video/frame-files/frames-film',
  'video/source/silent-packets',
  'store/planted',
  'video/samples',
  'video/source/trim',
  'video/finish/join',
  'video/finish/ending',
  'video/gray',
  'video/steady/steady-film',
  'video/plan/nominal-rate',
  'cli/upscale-video',
  'page/compare-page',
  'video/segment/stage-clocks',
  'cli/preview',
  'cli/streams',
  'core/model/fuzz-architectures',
  'bridge/krita',
  'fleet/connection',
  'cli/bad-input',
  'engine/out-of-memory',
  'video/decode/hwaccel',
  'cli/upscale-stills',
  'video/source/timecode',
  'cli/dry-run',
  'video/part',
  'cli/help',
  // Of those that share a process.
  'core/model/near-misses-attention',
  'core/codec/hostile',
  'tui/dashboard/screen',
  'core/model/attention',
  'core/model/restoration',
  'bridge/protocol',
  'video/steady/stillness',
  'core/still/filter-picture',
  'core/model/architectures',
].map((name) => `/test/${name}.test.ts`);

const gone = SLOW.filter((name) => !existsSync(fileURLToPath(new URL(`../..${name}`, import.meta.url))));
if (gone.length > 0) throw new Error(`There is no ${gone.join(', ')}: update the list of slow tests.`);

export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = await super.sort(files);
    const place = ({ moduleId }: TestSpecification) => {
      const rank = SLOW.findIndex((name) => moduleId.endsWith(name));
      return rank < 0 ? SLOW.length : rank;
    };
    // Those of one process one after another: it ends when a file of another kind is next.
    const isShared = ({ project }: TestSpecification) => Number(!project.config.isolate);
    return others.toSorted((a, b) => isShared(a) - isShared(b) || place(a) - place(b));
  }
}
