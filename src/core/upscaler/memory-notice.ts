import { fitsBudget, openingBytes, opensInBudget, type TileBudget } from '../tile/tile-size.ts';

/** What is said where the memory that was asked for does not suffice with this tile; null: it does. */
export function memoryNotice(id: string, budget: TileBudget, tilePx: number): string | null {
  const asked = `${Math.floor(budget.memoryBytes / 1e6)} MB`;
  if (!fitsBudget(budget, tilePx)) {
    return `${asked} are too little for ${id}: it runs with the smallest tile, and takes more.`;
  }
  if (opensInBudget(budget)) return null;
  const needed = `${Math.ceil(openingBytes(budget) / 1e6)} MB`;
  return `${asked} are too little to open ${id}, which takes about ${needed} for a moment.`;
}
