/**
 * Tests that draw their inputs, or combine many facts, take a part of them on each commit, and all with `make fuzz`,
 * which sets UPREEL_FUZZ to the number of damaged copies for each reader.
 */
const ASKED = process.env.UPREEL_FUZZ;
export const isThorough = ASKED !== undefined;

export const DAMAGED_COPIES = Number(ASKED ?? 2000);

export function drawn(onCommit: number, all: number): number {
  return isThorough ? all : onCommit;
}
