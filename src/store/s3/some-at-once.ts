/** Of many small objects: each waits for the server, which may be far. */
const MOST_AT_ONCE = 8;

/** Does the same for each, some at once. @returns what came of each, in order. @throws what one of them threw first. */
export async function someAtOnce<Item, Made>(
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<Made>,
): Promise<Made[]> {
  const made: Made[] = [];
  let next = 0;
  let isFailed = false;
  const lane = async (): Promise<void> => {
    while (next < items.length && !isFailed) {
      const index = next++;
      try {
        made[index] = await work(items[index]!, index);
      } catch (error) {
        isFailed = true;
        throw error;
      }
    }
  };
  const lanes = Array.from({ length: Math.min(MOST_AT_ONCE, items.length) }, lane);
  const ended = await Promise.allSettled(lanes);
  const failed = ended.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return made;
}
