import type { UpreelError } from '../../core/errors.ts';
import { type JobSpec, jobIdFor, joinJob, startJobs } from '../../job/index.ts';

/** So many videos get a supervisor each; of more, all share one, or memory would go to processes that wait. */
const SUPERVISORS = 8;

/** The videos of a command that go on without its terminal. */
export class DetachedJobs {
  /** Of those that run, in the order in which they were asked for. */
  readonly ids: string[] = [];
  readonly #specs: JobSpec[] = [];

  /** A job that runs already is joined. @throws UpreelError `job-running` if something else has its name. */
  async add(spec: JobSpec): Promise<void> {
    const running = await joinJob(spec);
    if (running === null) this.#specs.push(spec);
    else this.ids.push(running);
  }

  /** @returns what could not be started. */
  async start(): Promise<readonly { readonly input: string; readonly failure: UpreelError }[]> {
    const groups = this.#specs.length > SUPERVISORS ? [this.#specs] : this.#specs.map((spec) => [spec]);
    const failed = [];
    for (const group of groups) {
      for (const [index, failure] of (await startJobs(group)).entries()) {
        const spec = group[index]!;
        if (failure === null) this.ids.push(await jobIdFor(spec));
        else failed.push({ input: spec.task.request.input, failure });
      }
    }
    return failed;
  }
}
