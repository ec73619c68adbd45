type Work<T> = (signal: AbortSignal) => Promise<T>;

/**
 * Two works at the same time. The first failure stops the other, and nothing of them runs any more when it is thrown.
 * @throws what failed first; the signal's reason.
 */
export async function sideBySide<A, B>(one: Work<A>, other: Work<B>, signal: AbortSignal): Promise<[A, B]> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const works = [one(either), other(either)] as const;
  for (const work of works) work.catch((error: unknown) => stop.abort(error));
  await Promise.allSettled(works);
  signal.throwIfAborted();
  stop.signal.throwIfAborted();
  return Promise.all(works);
}
