import { EngineDied } from './engine-end.ts';

/** A crash that has nothing to do with memory comes again: it is not tried for ever. */
export const MAX_CRASHES = 3;

/**
 * Makes something anew whose engine was ended from outside, which says nothing about it.
 * @throws what `attempt` throws
 */
export async function againAfterKill<T>(attempt: () => Promise<T>): Promise<T> {
  for (let kills = 0; ; kills++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof EngineDied) || !error.wasKilled || kills === MAX_CRASHES) throw error;
    }
  }
}
