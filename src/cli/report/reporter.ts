import type { ErrorRecord } from '../../core/errors.ts';
import type { TaskEvent } from '../../core/events.ts';

/** Tells people or programs what tasks do. Never throws and never fails a task: whoever watches may go away. */
export interface Reporter {
  event(event: TaskEvent): void;
  /** How the whole run ends, once, after the last event. */
  exit(code: number, error?: ErrorRecord): void;
  /** Everything told is written, and the terminal is as it was. */
  close(): Promise<void>;
}

export type ReporterKind = 'json' | 'plain' | 'view';

export interface ReporterChoice {
  readonly json: boolean;
  readonly noTui: boolean;
  readonly stdoutIsTty: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * JSON lines when asked for; the view on a terminal that can be drawn on; plain lines everywhere else. NO_COLOR only
 * takes the view's colours (look.ts), not the view.
 */
export function chooseReporter({ json, noTui, stdoutIsTty, env }: ReporterChoice): ReporterKind {
  if (json) return 'json';
  if (noTui || !stdoutIsTty || env.TERM === 'dumb') return 'plain';
  // Ink draws only its last frame when it believes to be in CI, and INK_SCREEN_READER asks it for plain text.
  if (isSet(env.CI) || isSet(env.CONTINUOUS_INTEGRATION) || env.INK_SCREEN_READER === 'true') return 'plain';
  return 'view';
}

/** Standard output may be the film's: all reports go to standard error then. */
export function shownOn(raw: Record<string, unknown>): NodeJS.WriteStream {
  return raw.output === '-' ? process.stderr : process.stdout;
}

export function reporterKind(raw: Record<string, unknown>): ReporterKind {
  const noTui = raw.tui === false || raw.output === '-';
  return chooseReporter({ json: raw.json === true, noTui, stdoutIsTty: shownOn(raw).isTTY, env: process.env });
}

/** As Ink reads it. */
function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '0' && value !== 'false';
}
