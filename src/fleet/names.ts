import { z } from 'zod';
import type { DeviceName } from '../core/device-name.ts';
import { FILM_ID } from '../store/index.ts';

/** Films, once all their segments have ended. */
export const FILMS_QUEUE = 'films';

/** Which films go before which: all of one rank before any of the next, and by turns among themselves. */
export const FILM_RANKS = ['first', 'in-turn', 'last'] as const;
export type FilmRank = (typeof FILM_RANKS)[number];

/** Segments, to be made in any order. @param device only where there is one such; null: by whoever comes */
export function segmentsQueue(device: DeviceName | null): string {
  return device === null ? 'segments' : `segments-${device}`;
}

/** What Redis holds of one attempt: names alone, checked before anything is done with them. */
export const segmentJobSchema = z.strictObject({
  film: z.string().regex(FILM_ID),
  index: z.int().min(0).max(9_999_999),
  /** Workers on which it failed. */
  failed: z.array(z.string().max(128)).max(16).default([]),
});
export const filmJobSchema = z.strictObject({
  film: z.string().regex(FILM_ID),
  /** How often the film was put into the queue. */
  round: z.int().min(0),
});

export type SegmentJob = z.infer<typeof segmentJobSchema>;
export type FilmJob = z.infer<typeof filmJobSchema>;

/** Keys of our own beside BullMQ's, which are `PREFIX:segments:...` and `PREFIX:films:...`. */
export class Keys {
  readonly prefix: string;

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  /** Ids of all films that were submitted, by time. */
  get films(): string {
    return `${this.prefix}:submitted`;
  }

  film(id: string): string {
    return `${this.prefix}:film:${id}`;
  }

  /** One bit for each segment: made. */
  made(id: string): string {
    return `${this.prefix}:film:${id}:made`;
  }

  /** Errors of segments that will not be tried again, by index. */
  failures(id: string): string {
    return `${this.prefix}:film:${id}:failures`;
  }

  /** Names of workers that were ever seen lately. */
  get workers(): string {
    return `${this.prefix}:workers`;
  }

  worker(name: string): string {
    return `${this.prefix}:worker:${name}`;
  }

  /** There while a worker is told to end after what it has at work. */
  drain(name: string): string {
    return `${this.prefix}:worker:${name}:drain`;
  }
}
