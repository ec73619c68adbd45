import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files that take a minute and more begin first, so that at the end no core waits for the other: on a fresh clone vitest
 * knows of no durations, and goes by the size of files. Longest first, as measured on two cores.
 */
const SLOW = [
  'video/resume',
  'video/frames-in',
  'job/jobs',
  'video/upscale-video',
  'video/bad-input',
  'bridge/upscale',
  'install',
  'video/picture',
  'video/shape-change',
  'video/odd-recordings',
  'tui/dashboard/dashboard',
  'bridge/attacks',
  'tui/view',
].map((name) => `/test/${name}.test.ts`);

export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification) => SLOW.findIndex((name) => moduleId.endsWith(name));
    const slow = others.filter((file) => rank(file) >= 0).toSorted((a, b) => rank(a) - rank(b));
    return [...slow, ...others.filter((file) => rank(file) < 0)];
  }
}
