import { type ErrorRecord, UpreelError } from '../core/errors.ts';
import { CONCEAL } from '../video/index.ts';

const FLAG = '--on-decode-error conceal';

/** Names the command that goes on over damage, now that the job has an id. */
export function withWayOn(error: UpreelError, id: string): UpreelError {
  if (!isConcealable(error)) return error;
  const hint = error.hint.replace(CONCEAL, `upreel resume ${id} ${FLAG}`);
  return new UpreelError(error.code, error.message, { hint, cause: error.cause });
}

/** Whether a video was refused for damage that can be concealed. */
export function isConcealable({ code, hint }: Pick<ErrorRecord, 'code' | 'hint'>): boolean {
  return code === 'input-damaged' && hint.includes(FLAG);
}

/** The settings of a job that is to go on over damage. */
export function concealed<T extends { readonly request: { readonly settings: object } }>(task: T): T {
  const settings = { ...task.request.settings, onDecodeError: 'conceal' };
  return { ...task, request: { ...task.request, settings } };
}
