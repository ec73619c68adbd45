/** Of many small objects: each waits for the server, which may be far. */
const MOST_AT_ONCE = 8;

/** Does the same for each, some at once. @returns what came of each, in order. @throws what one of them threw first. */
export async function someAtOnce<Item, Made>(
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<Made>,
): Promise<Made[]> {
  const made: Made[] = [];
  const errors: unknown[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length && errors.length === 0) {
      const index = next++;
      try {
        made[index] = await work(items[index]!, index);
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(MOST_AT_ONCE, items.length) }, lane));
  if (errors.length > 0) throw errors[0];
  return made;
}
