export { compareRasters } from './compare.ts';
export { evaluate, readRaster } from './evaluate.ts';
