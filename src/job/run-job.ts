import { UpreelError } from '../core/errors.ts';
import { takeLock } from '../store/index.ts';
import type { JobSpec } from './job-spec.ts';
import { runOnDone } from './on-done.ts';
import { jobPlaceFor, supervisorLock } from './registry/index.ts';
import { SupervisedJob, type SupervisionContext } from './supervised-job.ts';

/** A supervisor that was just told to end needs a moment. */
const PATIENCE_MILLISECONDS = 1000;

/**
 * Supervises one job, in the terminal that waits for it or in a process of its own: lists it, waits for its turn and
 * its hours, runs it, and answers those who look at it or steer it.
 * @throws UpreelError what the job ended with; `job-running` if it has a supervisor already.
 */
export async function runJob(spec: JobSpec, context: SupervisionContext): Promise<void> {
  const place = await jobPlaceFor(spec.output, spec.task.request.settings.workDir);
  const lock = await takeLock(supervisorLock(place.id), PATIENCE_MILLISECONDS);
  if (lock === null) throw jobRunning(spec.output, place.id);
  const job = new SupervisedJob(spec, place, context);
  try {
    await job.run();
  } finally {
    await lock.release();
  }
  const { end, failure } = job.ending;
  await runOnDone(spec, place.id, end);
  if (failure !== null) throw failure;
}

export function jobRunning(output: string, id: string): UpreelError {
  return new UpreelError('job-running', `The job of ${output} is running already.`, {
    hint: `Look at it with upreel watch ${id}, or wait for it with upreel wait ${id}.`,
  });
}
