export type { Comparison } from './compare.ts';
export { compareFiles, type FileComparison } from './compare-files.ts';
export { compareScene } from './compare-scene.ts';
export { evaluate, isBaseline, type Score, type ShownResult, type UpscaleCost } from './evaluate.ts';
export { compareFilms, type FilmComparison } from './film/compare-films.ts';
export { findScenes, type SceneFiles } from './find-scenes.ts';
export { areOfOneShape, commonSize } from './fit-sizes.ts';
export { enlargeTo } from './imresize.ts';
export type { LumaRounding } from './plane.ts';
