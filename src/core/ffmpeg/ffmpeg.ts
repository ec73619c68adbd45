import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { Readable, type Writable } from 'node:stream';
import { diskFull, systemErrorCode, UpreelError } from '../errors.ts';
import { placeChild } from './child-folder.ts';
import { findProgram, type ProgramName, programPath } from './program-path.ts';

/** One run of ffmpeg, as plain data: what the planners make. */
export interface FfmpegPlan {
  readonly inputs: readonly { readonly options: readonly string[]; readonly source: string }[];
  readonly output: { readonly options: readonly string[]; readonly target: string };
}

/** A child that runs. Whoever started it calls `stop` in a `finally`; after a clean end that does nothing. */
export interface RunningProgram {
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Waits for the end. @throws UpreelError unless the exit code is 0; the abort's reason if that ended it. */
  finished(): Promise<void>;
  /** Kills the child if it still runs, and waits until it is gone. */
  stop(): Promise<void>;
}

/**
 * Starts ffmpeg; `onLine` hears its messages. Its stdin is a pipe that ends with us, its stdout a pipe that fails
 * without us, or the descriptor of ours that is named: then the child alone writes there.
 */
export function startFfmpeg(
  plan: FfmpegPlan,
  signal: AbortSignal,
  { onLine, stdout = null }: { readonly onLine?: (line: string) => void; readonly stdout?: number | null } = {},
): RunningProgram {
  return startProgram('ffmpeg', argumentsOf(plan), signal, onLine, stdout);
}

/** To its end; what it writes to its standard output is lost. */
export async function runFfmpeg(plan: FfmpegPlan, signal: AbortSignal, onLine?: (line: string) => void): Promise<void> {
  const program = startFfmpeg(plan, signal, onLine === undefined ? {} : { onLine });
  try {
    program.stdin.end();
    program.stdout.resume();
    await program.finished();
  } finally {
    await program.stop();
  }
}

/** Runs ffprobe and gives its output line by line, so that a long listing is never in memory whole. */
export function probeLines(
  args: readonly string[],
  signal: AbortSignal,
  onMessage?: (line: string) => void,
): AsyncGenerator<string> {
  return programLines('ffprobe', args, signal, onMessage);
}

/**
 * Runs ffmpeg and gives what it writes to its standard output, line by line. `feed` fills its input, and ends it;
 * `onMessage` hears its errors.
 */
export function ffmpegLines(
  plan: FfmpegPlan,
  signal: AbortSignal,
  { feed = null, onMessage }: { readonly feed?: Feed | null; readonly onMessage?: (line: string) => void } = {},
): AsyncGenerator<string> {
  return programLines('ffmpeg', argumentsOf(plan), signal, onMessage, feed);
}

/** Hands on what a program reads from its standard input, and ends that. */
export type Feed = (input: Writable) => Promise<void>;

/** Names of the encoders that this ffmpeg was built with. */
export async function listEncoders(signal: AbortSignal): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for await (const line of programLines('ffmpeg', ['-hide_banner', '-nostdin', '-encoders'], signal)) {
    const name = /^ [VAS][F.][S.][X.][B.][D.] (\S+)/.exec(line)?.[1];
    if (name !== undefined) names.add(name);
  }
  return names;
}

/** Names of the ways to decode on hardware that this ffmpeg was built with; whether one works is another question. */
export async function listHwaccels(signal: AbortSignal): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const line of programLines('ffmpeg', ['-hide_banner', '-nostdin', '-v', 'error', '-hwaccels'], signal)) {
    if (/^[a-z0-9]+$/.test(line)) names.push(line);
  }
  return names;
}

/**
 * That there are programs to start, by their files alone: running one takes longer than reading a film's header.
 * @throws UpreelError `ffmpeg-missing`
 */
export async function requireFfmpeg(): Promise<void> {
  for (const name of ['ffmpeg', 'ffprobe'] as const) {
    if ((await findProgram(name)) !== null) continue;
    throw startError(name, Object.assign(new Error(`There is no ${programPath(name)}.`), { code: 'ENOENT' }));
  }
}

/** As ffmpeg names its own version, for example "5.1.6-0+deb12u1". @throws UpreelError `ffmpeg-missing` */
export async function ffmpegVersion(signal: AbortSignal): Promise<string> {
  for await (const line of programLines('ffmpeg', ['-version'], signal)) {
    return /^ffmpeg version (\S+)/.exec(line)?.[1] ?? 'unknown';
  }
  return 'unknown';
}

async function* programLines(
  name: ProgramName,
  args: readonly string[],
  signal: AbortSignal,
  onMessage?: (line: string) => void,
  feed: Feed | null = null,
): AsyncGenerator<string> {
  const program = startProgram(name, args, signal, onMessage);
  const feeding = feed?.(program.stdin);
  // Told when all that came before it is read.
  feeding?.catch(() => {});
  try {
    if (feeding === undefined) program.stdin.end();
    let rest = '';
    for await (const chunk of program.stdout.setEncoding('utf8') as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > LONGEST_LINE) throw new UpreelError('input-unreadable', `${name} gave a line without end.`);
      yield* lines;
    }
    if (rest !== '') yield rest;
    await program.finished();
    await feeding;
  } finally {
    await program.stop();
  }
}

const LONGEST_LINE = 16 * 1024 * 1024;

/** The command line of a plan, without the program's name. */
export function argumentsOf(plan: FfmpegPlan): string[] {
  // Loaded only now: pictures need none of it.
  createCommand ??= createRequire(import.meta.url)('fluent-ffmpeg') as typeof import('fluent-ffmpeg');
  const command = createCommand();
  // Always several arguments at once: fluent-ffmpeg splits a lone one at its space.
  for (const { source, options } of plan.inputs) command.input(source).inputOptions(...GLOBAL_OPTIONS, ...options);
  command.output(plan.output.target).outputOptions('-y', ...plan.output.options);
  return command._getArguments();
}

let createCommand: typeof import('fluent-ffmpeg') | undefined;

const GLOBAL_OPTIONS = ['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'level+error'];

function startProgram(
  name: ProgramName,
  args: readonly string[],
  signal: AbortSignal,
  onLine: (line: string) => void = () => {},
  stdoutDescriptor: number | null = null,
): RunningProgram {
  signal.throwIfAborted();
  const stdio = ['pipe', stdoutDescriptor ?? 'pipe', 'pipe'] as ['pipe', 'pipe', 'pipe'];
  const place = placeChild(args);
  const child: Child = spawn(programPath(name), place.args, {
    stdio,
    windowsHide: true,
    ...(place.cwd !== null && { cwd: place.cwd }),
  });
  const stdout = stdoutDescriptor === null ? child.stdout : Readable.from([]);
  const stderr = keepLastLines(child.stderr, onLine);
  const kill = () => void child.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  // The exit code reports a broken pipe; without a listener it would end our process.
  child.stdin.on('error', () => {});

  const ended = new Promise<Ending>((resolve) => {
    child.once('error', (error) => resolve({ code: null, endSignal: null, error }));
    child.once('close', (code, endSignal) => resolve({ code, endSignal, error: undefined }));
  }).finally(() => signal.removeEventListener('abort', kill));

  return {
    pid: child.pid ?? -1,
    stdin: child.stdin,
    stdout,
    finished: async () => {
      const ending = await ended;
      if (signal.aborted && ending.code !== 0) throw signal.reason;
      if (ending.code !== 0) throw programError(name, ending, stderr());
    },
    stop: async () => {
      kill();
      // Unread output would keep the pipes open, and `close` from coming.
      stdout.destroy();
      child.stderr.destroy();
      child.stdin.destroy();
      await ended;
    },
  };
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

interface Ending {
  readonly code: number | null;
  readonly endSignal: NodeJS.Signals | null;
  readonly error: Error | undefined;
}

function keepLastLines(stream: Readable, onLine: (line: string) => void): () => string[] {
  let text = '';
  let rest = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-STDERR_TAIL_CHARACTERS);
    const lines = (rest + chunk).split(/[\r\n]+/);
    rest = (lines.pop() ?? '').slice(-STDERR_TAIL_CHARACTERS);
    for (const line of lines) onLine(line);
  });
  return () => text.split(/[\r\n]+/).filter((line) => line.trim() !== '');
}

const STDERR_TAIL_CHARACTERS = 8 * 1024;

/** The error of a failed child, with the last lines that it wrote. */
export class ProgramError extends UpreelError {
  readonly lines: readonly string[];
  /** Whether a signal ended it: then its lines do not say why. */
  readonly wasKilled: boolean;

  constructor(message: string, lines: readonly string[], wasKilled: boolean) {
    super('ffmpeg-failed', message, {
      hint: 'Run the same command again; the log has its last lines.',
      cause: lines.join('\n'),
    });
    this.lines = lines;
    this.wasKilled = wasKilled;
  }
}

function programError(name: ProgramName, ending: Ending, lines: string[]): UpreelError {
  if (ending.error !== undefined) return startError(name, ending.error);
  if (lines.some((line) => line.includes('No space left on device'))) return diskFull(lines.join('\n'));
  const how = ending.endSignal === null ? `exit code ${ending.code}` : `signal ${ending.endSignal}`;
  const last = lines.at(-1) ?? 'it wrote no message';
  return new ProgramError(`${name} failed (${how}): ${withoutAddress(last)}.`, lines, ending.endSignal !== null);
}

function startError(name: ProgramName, error: Error): UpreelError {
  if (systemErrorCode(error) === 'ENOENT' || systemErrorCode(error) === 'EACCES') {
    return new UpreelError(
      'ffmpeg-missing',
      `Cannot start ${programPath(name)}: upreel needs ffmpeg and ffprobe for video.`,
      {
        hint: 'Install ffmpeg 5.1 or newer (apt install ffmpeg, brew install ffmpeg, winget install ffmpeg), or set FFMPEG_PATH.',
        cause: error,
      },
    );
  }
  return new UpreelError('ffmpeg-failed', `Cannot start ${name}: ${error.message}`, { cause: error });
}

function withoutAddress(line: string): string {
  return line.replace(/ @ 0x[0-9a-f]+/g, '').replace(/\[(?:error|fatal|panic)\] /g, '');
}
