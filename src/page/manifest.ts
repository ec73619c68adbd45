/** What the page is told beside the tiles. Every text in it is shown as text. */
export interface PageManifest extends PageContent {
  readonly title: string;
  /** "upreel 0.1.0". */
  readonly program: string;
}

export interface PageContent {
  /** Sentences on the whole page. */
  readonly notes: readonly string[];
  readonly scenes: readonly Scene[];
  /** Of two films, whose frames the scenes are. */
  readonly film?: FilmFacts;
}

export interface FilmFacts {
  /** When each frame is shown, from the first. */
  readonly seconds: readonly number[];
  /** Of each scene, the frame that it shows, from 0. */
  readonly frames: readonly number[];
  readonly curves: readonly FilmCurve[];
  /** Of each film, or none. */
  readonly excerpts: readonly { readonly id: string; readonly type: string; readonly name: string }[];
}

export interface FilmCurve {
  readonly title: string;
  /** What null means, in a word: `equal` is beyond all numbers, anything else has no number. */
  readonly missing: string;
  /** A value for each frame, or null. */
  readonly lines: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
}

/** Pictures of one thing, of one size. */
export interface Scene {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** Whether something can be seen through one of its pictures. */
  readonly isTransparent: boolean;
  /** At least one. */
  readonly pictures: readonly ScenePicture[];
  /** Index of the picture that the numbers of the others are against; null: nothing was measured. */
  readonly base: number | null;
  readonly notes: readonly string[];
}

export interface ScenePicture {
  /** Unique in the page. */
  readonly key: number;
  readonly name: string;
  readonly facts: readonly (readonly [label: string, value: string])[];
  /** null: of the base, or not measured. */
  readonly numbers: PictureNumbers | null;
  /** Natural Image Quality Evaluator: lower looks more natural. null: smaller than a block; absent: not measured. */
  readonly niqe?: number | null;
}

/** Decibels are null where nothing differs. */
export interface PictureNumbers {
  readonly psnr: number | null;
  readonly psnrY: number | null;
  /** null: smaller than the window. */
  readonly ssimY: number | null;
  /** In levels of 255. */
  readonly maxDifference: number;
}
