export type { FilmCurve, FilmFacts, PageContent, PictureNumbers, Scene, ScenePicture } from './manifest.ts';
export { createPageFile, type PageFile } from './page-file.ts';
export { Sheet } from './sheet.ts';
export { type ShownPicture, writeTiles } from './write-tiles.ts';
