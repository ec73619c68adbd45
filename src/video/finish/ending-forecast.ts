import type { Stage } from '../../core/events.ts';

/** What is known of a film's end before it comes. */
export interface EndingSoFar {
  /** Of the whole result, as far as it can be told; null: not yet. */
  readonly resultBytes: number | null;
  /** Sound, subtitles and other streams go along: they are read and held against the source. */
  readonly hasCarried: boolean;
  /** Seconds of sound that is encoded anew, over all streams. */
  readonly soundSeconds: number;
  /** Of the file that is joined. */
  readonly joinedBytes: number;
}

/**
 * How long a film takes after its last tile: the encoder gives out what it holds, the last segment is checked, all are
 * joined, and the result is read again. Short films end mostly with programs being started, long ones with a disk being
 * read. What starting one costs here and now is seen at each segment's check.
 */
export class EndingForecast {
  #startSeconds = USUAL_START_SECONDS;
  #drainSeconds: number | null = null;

  /** A segment's file was checked, by one run of ffprobe. */
  checked(seconds: number): void {
    this.#startSeconds = seconds;
  }

  /**
   * From a segment's last tile until it was in its place. Others may have worked at the same time: the shortest counts.
   */
  drained(seconds: number): void {
    this.#drainSeconds = Math.min(this.#drainSeconds ?? Number.POSITIVE_INFINITY, seconds);
  }

  /** @param inStageSeconds since the stage began */
  secondsLeft(stage: Stage, inStageSeconds: number, ending: EndingSoFar): number {
    const { hasCarried, soundSeconds } = ending;
    const start = this.#startSeconds;
    const [join, verify] = hasCarried ? PROGRAMS.withCarried : PROGRAMS.alone;
    const bytes = ending.resultBytes ?? 0;
    const joinSeconds = join * start + bytes / COPIED_BYTES_PER_SECOND + soundSeconds / SOUND_SPEED;
    const verifySeconds = verify * start + bytes / READ_BYTES_PER_SECOND;
    switch (stage) {
      case 'prepare':
      case 'upscale':
        return (this.#drainSeconds ?? start) + joinSeconds + verifySeconds;
      case 'join':
        return (asSeen(inStageSeconds, ending) ?? Math.max(0, joinSeconds - inStageSeconds)) + verifySeconds;
      case 'verify':
        return Math.max(0, verifySeconds - inStageSeconds);
      case 'publish':
        return 0;
    }
  }
}

/** The rest of the join by how fast the file grew until now; null: it has not grown enough to tell. */
function asSeen(seconds: number, { resultBytes, joinedBytes }: EndingSoFar): number | null {
  if (resultBytes === null || seconds < 1 || joinedBytes < TELLING_BYTES) return null;
  return (Math.max(0, resultBytes - joinedBytes) / joinedBytes) * seconds;
}

const TELLING_BYTES = 20e6;
/** Until one was seen. */
const USUAL_START_SECONDS = 0.15;
/** Join and verification by what a segment's check takes, for films too short for their bytes to count (bench/eta). */
const PROGRAMS = { alone: [1, 1], withCarried: [1.6, 3] } as const;
/** A guess at a usual disk that reads and writes at once, until the file is seen to grow. */
const COPIED_BYTES_PER_SECOND = 150e6;
const READ_BYTES_PER_SECOND = 400e6;
/** Encoders of sound, as times of what they encode. */
const SOUND_SPEED = 60;
