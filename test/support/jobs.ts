import { toJobRecord } from '../../src/cli/report/report-json.ts';
import { fromDist } from './dist.ts';

const { openJobFeed } = await fromDist<typeof import('../../src/job/index.ts')>('job/index.js');

/** What `upreel jobs --json` prints, without starting it: for tests that look again and again. */
export async function listJobs(): Promise<readonly Record<string, unknown>[]> {
  const feed = await openJobFeed();
  let records: readonly Record<string, unknown>[] = [];
  feed.subscribe((jobs) => {
    records = jobs.map((job) => JSON.parse(JSON.stringify(toJobRecord(job))));
  })();
  feed.close();
  return records;
}
