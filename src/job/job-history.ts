import { constants, type FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { TaskEvent } from '../core/events.ts';
import { OwnFolder } from '../core/own-folder/index.ts';
import { quietJson } from '../core/quiet-json.ts';
import { FOLDER_HINT, isLockHeld, JOURNAL_FILE, openJournal } from '../store/index.ts';
import { type JobPlace, readKeptHistory, supervisorLock, writeKeptHistory } from './registry/index.ts';

/** What a supervisor adds to a job's history, which its engine writes; and what stays of it when the folder is gone. */
export interface HistoryWriter {
  /** Something of which the engine does not know: `paused`, `queued`, ... */
  readonly note: (state: string) => void;
  /** An event of the engine, which has written it down already. */
  readonly add: (event: TaskEvent) => void;
  close(): Promise<void>;
}

const MAX_LINES = 300;
const TAIL_BYTES = 256 * 1024;

export function openHistoryWriter({ id, folder }: JobPlace): HistoryWriter {
  const journal = openJournal((write) => inFolder(folder, write));
  let lines: string[] = [];
  const keep = (record: object): void => {
    lines = [...lines.slice(1 - MAX_LINES), quietJson({ at: new Date().toISOString(), ...record })];
  };
  return {
    note(state) {
      keep({ type: state });
      journal.add({ type: state });
    },
    add(event) {
      if (event.type !== 'progress' && event.type !== 'pull') keep(event);
    },
    async close() {
      await journal.flush();
      await writeKeptHistory(id, `${lines.join('\n')}\n`).catch(() => {});
    },
  };
}

/**
 * The last lines of a job's history as plain text, oldest first: from its folder, or what its supervisor left.
 * Foreign: not for a terminal as they are.
 */
export async function readHistory({ id, folder }: JobPlace, lines: number): Promise<readonly string[]> {
  const text = (await readTail(folder)) ?? (await readKeptHistory(id));
  return text
    .split('\n')
    .filter((line) => line !== '')
    .slice(-lines)
    .map(historyLine);
}

/**
 * The history from now on, line by line as `readHistory` gives it, until the job has no supervisor any more.
 */
export async function* followHistory(place: JobPlace, signal: AbortSignal): AsyncGenerator<string> {
  let lastLine = '';
  let offset = (await sizeOfJournal(place.folder)) ?? 0;
  for (;;) {
    const isLast = signal.aborted || !(await isLockHeld(supervisorLock(place.id)));
    const found = await readFrom(place.folder, offset);
    if (found !== null) {
      offset = found.end;
      for (const line of found.lines) {
        lastLine = line;
        yield historyLine(line);
      }
    }
    if (isLast) {
      // A finished job's folder is gone, and with it the last lines; its supervisor has kept them.
      if (found === null) yield* (await keptAfter(place, lastLine)).map(historyLine);
      return;
    }
    await sleep(FOLLOW_MILLISECONDS, undefined, { signal }).catch(() => {});
  }
}

const FOLLOW_MILLISECONDS = 500;

async function keptAfter({ id }: JobPlace, line: string): Promise<readonly string[]> {
  const text = await readKeptHistory(id);
  const lines = text.split('\n').filter((other) => other !== '');
  // Both wrote down the same event, each with its own time.
  const known = lines.findLastIndex((other) => withoutTime(other) === withoutTime(line));
  return lines.slice(known + 1);
}

function withoutTime(line: string): string {
  return line.replace(/"at":"[^"]*",?/, '');
}

/** Whole lines that were added since; null: there is no file. */
function readFrom(
  folder: string,
  offset: number,
): Promise<{ readonly lines: readonly string[]; readonly end: number } | null> {
  return readJournal(folder, async (file) => {
    const { size } = await file.stat();
    const length = Math.max(0, Math.min(size - offset, TAIL_BYTES));
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset);
    const whole = buffer.subarray(0, bytesRead).lastIndexOf(10) + 1;
    const lines = buffer.toString('utf8', 0, whole).split('\n').slice(0, -1);
    // A history that was begun anew is shorter.
    return { lines, end: size < offset ? 0 : offset + whole };
  });
}

/** Whole lines of the end of a journal; null: there is none. */
function readTail(folder: string): Promise<string | null> {
  return readJournal(folder, async (file) => {
    const { size } = await file.stat();
    const start = Math.max(0, size - TAIL_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
    const text = buffer.toString('utf8', 0, bytesRead);
    return start === 0 ? text : text.slice(text.indexOf('\n') + 1);
  });
}

function sizeOfJournal(folder: string): Promise<number | null> {
  return readJournal(folder, async (file) => (await file.stat()).size);
}

/** @returns null: there is none that is ours. */
async function readJournal<T>(path: string, read: (file: FileHandle) => Promise<T>): Promise<T | null> {
  const folder = await OwnFolder.open(path, { hint: FOLDER_HINT }).catch(() => null);
  const file = (await folder?.openFile(JOURNAL_FILE, constants.O_RDONLY).catch(() => null)) ?? null;
  try {
    return file === null ? null : await read(file);
  } finally {
    await file?.close();
    await folder?.close();
  }
}

/** @throws as `OwnFolder.open`. */
async function inFolder(path: string, act: (folder: OwnFolder) => Promise<void>): Promise<void> {
  const folder = await OwnFolder.open(path, { hint: FOLDER_HINT });
  try {
    if (folder !== null) await act(folder);
  } finally {
    await folder?.close();
  }
}

const record = z.looseObject({ at: z.string(), type: z.string() });

/** `2026-11-24 09:00:01  warning  message`; a line that is no record as it is. */
function historyLine(line: string): string {
  const parsed = record.safeParse(parseJson(line));
  if (!parsed.success) return line;
  const { at, type, ...rest } = parsed.data;
  const known = knownRecord.safeParse(parsed.data);
  const words = known.success ? describeKnown(known.data) : describe(rest);
  return [localTime(at), type, words].filter((part) => part !== '').join('  ');
}

const size = z.object({ width: z.number(), height: z.number() });
const knownRecord = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('started'),
    source: size,
    target: size,
    model: z.string(),
    device: z.string(),
    framesTotal: z.number().nullable(),
    framesKept: z.number(),
  }),
  z.object({
    type: z.literal('segment-committed'),
    startFrame: z.number(),
    endFrame: z.number(),
    attempt: z.number(),
  }),
  z.object({ type: z.literal('done'), framesTotal: z.number(), seconds: z.number(), bytes: z.number() }),
]);

/**
 * "176x144 to 352x288, 120 frames, 30 of them kept, realesr-animevideov3-x2 on cpu", without what the view shows
 * beside; "frames 1 to 30", counted from 1 as people do; "120 frames in 134 s, 288123 bytes".
 */
function describeKnown(data: z.infer<typeof knownRecord>): string {
  switch (data.type) {
    case 'started': {
      const { source, target, model, device, framesTotal, framesKept } = data;
      const sizes = `${source.width}x${source.height} to ${target.width}x${target.height}`;
      const frames = framesTotal === null ? [] : [`${framesTotal} frames`];
      const kept = framesKept === 0 ? [] : [`${framesKept} of them kept`];
      return [sizes, ...frames, ...kept, `${model} on ${device}`].join(', ');
    }
    case 'segment-committed': {
      const attempt = data.attempt > 1 ? `, at attempt ${data.attempt}` : '';
      return `frames ${data.startFrame + 1} to ${data.endFrame}${attempt}`;
    }
    case 'done':
      return `${data.framesTotal} frames in ${Math.round(data.seconds)} s, ${data.bytes} bytes`;
  }
}

function describe({ error, message, code, ...rest }: Record<string, unknown>): string {
  if (typeof message === 'string') return message;
  if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message);
  const known = Object.entries({ ...(code === undefined ? {} : { code }), ...rest });
  return known
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}

/** `2026-11-30 22:01:02`. @param at as ISO 8601 has it; else it stays as it is */
export function localTime(at: string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return at;
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
