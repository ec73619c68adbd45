import type { Provenance } from '../../core/provenance.ts';

/** What `upreel info` knows of a file. */
export type FileInfo = (PictureFacts | FilmFacts) & {
  readonly path: string;
  readonly bytes: number;
  readonly format: string;
  readonly width: number;
  readonly height: number;
  /** As the file says; anyone can have written it. null: it says nothing of upreel. */
  readonly provenance: Provenance | null;
};

interface PictureFacts {
  readonly kind: 'image';
  readonly pages: number;
  readonly channels: 1 | 3;
  readonly bitsPerSample: 8 | 16;
  readonly alpha: boolean;
}

interface FilmFacts {
  readonly kind: 'video';
  readonly durationSeconds: number | null;
  readonly framesPerSecond: number;
  readonly codec: string;
  readonly pixelFormat: string;
  readonly streams: readonly { readonly kind: string; readonly codec: string; readonly language: string | null }[];
}
