export interface Input {
  readonly path: string;
  readonly kind: 'image' | 'video';
  /** Folders between the argument that led here and this file, '' for none; null: the file was named itself. */
  readonly below: string | null;
  /** Pictures that are the frames of a film, where no pattern gives exactly these. */
  readonly frames?: readonly string[];
}
