import { basename } from 'node:path';
import type { JobSnapshot } from '../../job/index.ts';

/** What each job is called, by id: its source; where several have the same, the result; where those do, too, the id. */
export function jobNames(jobs: readonly JobSnapshot[]): ReadonlyMap<string, string> {
  const sources = countBy(jobs, ({ input }) => basename(input));
  const results = countBy(jobs, ({ output }) => basename(output));
  return new Map(
    jobs.map(({ id, input, output }) => {
      const [source, result] = [basename(input), basename(output)];
      if (sources.get(source) === 1) return [id, source];
      return [id, results.get(result) === 1 ? result : `${id} ${result}`];
    }),
  );
}

function countBy(jobs: readonly JobSnapshot[], nameOf: (job: JobSnapshot) => string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const job of jobs) counts.set(nameOf(job), (counts.get(nameOf(job)) ?? 0) + 1);
  return counts;
}
