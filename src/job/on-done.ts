import { spawn } from 'node:child_process';
import type { JobSpec } from './job-spec.ts';
import type { JobEnd } from './snapshot-schema.ts';

/**
 * Runs the command that was given for a job's end, in the job's own folder of names, and waits for it. A job that was
 * stopped by a person has not ended. How the command ends is its own affair.
 */
export async function runOnDone(
  { queueing, output, cwd }: JobSpec,
  id: string,
  { state, exitCode }: JobEnd,
): Promise<void> {
  if (queueing.onDone === null || (state !== 'done' && state !== 'failed')) return;
  const child = spawn(queueing.onDone, {
    shell: true,
    cwd,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      UPREEL_JOB: id,
      UPREEL_OUTPUT: output,
      UPREEL_STATE: state,
      UPREEL_EXIT_CODE: String(exitCode),
    },
  });
  await new Promise<void>((resolve) => {
    child.once('error', () => resolve()).once('close', () => resolve());
  });
}
