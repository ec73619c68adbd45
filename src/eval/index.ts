export type { Comparison } from './compare.ts';
export { compareFiles, type FileComparison } from './compare-files.ts';
export { evaluate, isBaseline, type Score } from './evaluate.ts';
export type { LumaRounding } from './plane.ts';
