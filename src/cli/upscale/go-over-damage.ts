import { createInterface } from 'node:readline/promises';
import type { ErrorRecord } from '../../core/errors.ts';
import { concealed, enterFolder, isConcealable, readSpec } from '../../job/index.ts';
import type { TaskSource } from '../inputs/task-source.ts';

/** What was refused for damage that can be concealed. */
export class DamagedFilms {
  /** Of their jobs. */
  readonly ids: string[] = [];
  othersFailed = false;

  add(error: Pick<ErrorRecord, 'code' | 'hint'>, id: string | null): void {
    if (id !== null && isConcealable(error)) this.ids.push(id);
    else this.othersFailed = true;
  }
}

/** Asks on a terminal whether what is damaged shall be concealed. Where nobody can answer, or no answer comes: no. */
export async function askToConceal(films: number): Promise<boolean> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY || !stderr.isTTY) return false;
  // The dashboard has let go of the keyboard.
  stdin.ref();
  const what = films === 1 ? 'the film' : `${films} films`;
  const talk = createInterface({ input: stdin, output: stderr });
  const closed = new Promise<string>((resolve) => talk.once('close', () => resolve('')));
  try {
    const answer = await Promise.race([talk.question(`Go on with what is there of ${what}? [y/N] `), closed]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    talk.close();
  }
}

/** @param ids of jobs that ended at damage. */
export async function overDamage(ids: readonly string[]): Promise<TaskSource> {
  const specs = await Promise.all(ids.map((id) => readSpec(id)));
  const [first] = specs;
  if (first === undefined) return { tasks: [] };
  // One command began them all.
  enterFolder(first.cwd);
  const { stallSeconds } = first.task.request.settings;
  return { tasks: specs.map((spec) => concealed(spec.task)), stallSeconds, queueing: first.queueing };
}
