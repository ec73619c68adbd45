import { mkdtemp, rm } from 'node:fs/promises';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { ProgramError, probeLines, runFfmpeg } from '../../core/ffmpeg/ffmpeg.ts';
import { readCarriedBeside } from '../plan/carried-streams.ts';
import type { VideoPlan } from '../plan/video-plan.ts';
import type { VideoSettings } from '../settings.ts';
import { isMatroska } from '../source/containers.ts';
import { carriedInput, safeInput } from '../source/safe-input.ts';
import { isShort } from '../source/short-film.ts';
import { readLedger } from '../source/stream-ledger.ts';
import {
  type CarriedStream,
  conversionWarning,
  dropWarning,
  notCopied,
  type StreamWarning,
  type StreamWishes,
} from '../source/streams.ts';
import { planRehearsal, planResultLedger, planSourceLedger, planTrial, untrimmed } from './join-plan.ts';

/**
 * Tries the join before the work, so that nothing is refused or unreadable after it: the muxer itself is asked for
 * every stream, and the beginning of all sound is written and read again. A sound that fails goes its next way.
 * @returns the plan as it will work, with a warning for each stream that is left out or coded anew.
 * @throws UpreelError `usage` where something was to be copied and cannot be.
 */
export async function rehearseJoin(plan: VideoPlan, wishes: StreamWishes, signal: AbortSignal): Promise<VideoPlan> {
  const carried = plan.streams.order.filter((entry) => entry !== null);
  if (carried.length === 0) return plan;
  const folder = await mkdtemp(join(tmpdir(), 'upreel-trial-'));
  try {
    const sounds = carried.filter((entry) => entry.source.kind === 'audio');
    const others = carried.filter((entry) => entry.source.kind !== 'audio');
    const trial = join(folder, `trial.${plan.container.name}`);
    const outcomes = new Map<CarriedStream, CarriedStream | null>();
    const ledger = isShortFilm(plan) && sounds.length > 0 ? await writeAndRead(plan, sounds, trial, signal) : null;
    const isSound = await (ledger === null
      ? isReadable(plan, sounds, trial, signal)
      : isAsMeant(sounds, trial, signal));
    if (!isSound) {
      for (const entry of sounds) outcomes.set(entry, await firstReadable(plan, entry, trial, signal));
    }
    if (!(await isAccepted(plan, others, signal))) {
      for (const entry of others) outcomes.set(entry, (await isAccepted(plan, [entry], signal)) ? entry : null);
    }
    // What was read is of the streams as they were planned.
    const settled = outcomes.size === 0 ? { ...plan, ledger } : withOutcomes(plan, outcomes, wishes);
    return await withDelays(settled, trial, signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function firstReadable(
  plan: VideoPlan,
  entry: CarriedStream,
  trial: string,
  signal: AbortSignal,
): Promise<CarriedStream | null> {
  const ways = entry.otherwise.map((sound, index) => ({
    ...entry,
    codec: sound.encoder,
    sound,
    otherwise: entry.otherwise.slice(index + 1),
    warning: conversionWarning(entry.source, sound, plan.container),
  }));
  for (const way of [entry, ...ways]) {
    if (await isReadable(plan, [way], trial, signal)) return way;
  }
  return null;
}

function withOutcomes(
  plan: VideoPlan,
  outcomes: ReadonlyMap<CarriedStream, CarriedStream | null>,
  wishes: StreamWishes,
): VideoPlan {
  let warnings: readonly StreamWarning[] = plan.warnings;
  for (const [entry, outcome] of outcomes) {
    if (outcome === entry) continue;
    const { kind } = entry.source;
    const wish: VideoSettings['audio'] =
      kind === 'audio' ? wishes.audio : kind === 'subtitle' ? wishes.subtitles : 'auto';
    if (wish === 'copy') throw notCopied(entry.source, plan.container);
    const told = outcome === null ? dropWarning(entry.source, plan.container) : outcome.warning;
    warnings = [...warnings.filter((warning) => warning !== entry.warning), ...(told === null ? [] : [told])];
  }
  const order = plan.streams.order.flatMap((entry) => {
    const outcome = entry === null ? null : outcomes.get(entry);
    if (entry !== null && outcome === null) return [];
    return [outcome ?? entry];
  });
  return { ...plan, streams: { ...plan.streams, order }, warnings };
}

/**
 * Opus begins before its first sound. ffmpeg's Matroska muxer of 5.1 writes how long, and its times as if it were not
 * so: read again, all is earlier by that. Measured, because later ones do better.
 */
async function withDelays(plan: VideoPlan, trial: string, signal: AbortSignal): Promise<VideoPlan> {
  const forgetsDelay = isMatroska(plan.container);
  const order: (CarriedStream | null)[] = [];
  for (const entry of plan.streams.order) {
    const isOpus = entry !== null && (entry.sound?.codec ?? entry.source.codec) === 'opus';
    const delaySeconds = isOpus && forgetsDelay ? await measureDelay(plan, entry, trial, signal) : 0;
    order.push(entry === null ? null : { ...entry, delaySeconds });
  }
  return { ...plan, streams: { ...plan.streams, order } };
}

async function measureDelay(
  plan: VideoPlan,
  entry: CarriedStream,
  trial: string,
  signal: AbortSignal,
): Promise<number> {
  // Where it begins does not matter, but before 0 a file of sound alone loses its times.
  const begins = (entry.source.startSeconds ?? 0) - (carriedInput(plan.source)?.startSeconds ?? 0);
  const later = { ...untrimmed(plan), shiftSeconds: begins - 1 };
  try {
    await runFfmpeg(planTrial(later, [entry], trial), signal);
    const few = ['-frames:a:0', '1'];
    const [before] = await readLedger(planSourceLedger(later, [entry], false, few), 1, signal);
    const [after] = await readLedger(planResultLedger(trial, [entry], [0]), 1, signal);
    const late = (before?.startSeconds ?? 0) - (after?.startSeconds ?? 0);
    // What rounding to milliseconds leaves is none.
    if (late < LEAST_DELAY_SECONDS || late > MOST_DELAY_SECONDS) return 0;
    return Math.abs(late - LIBOPUS_DELAY_SECONDS) < LEAST_DELAY_SECONDS ? LIBOPUS_DELAY_SECONDS : late;
  } catch (error) {
    if (error instanceof ProgramError) return 0;
    throw error;
  }
}

const LEAST_DELAY_SECONDS = 0.0015;
const MOST_DELAY_SECONDS = 0.1;
/** 312 samples at 48 kHz, which nearly all encoders have. */
const LIBOPUS_DELAY_SECONDS = 0.0065;

async function isAccepted(plan: VideoPlan, carried: readonly CarriedStream[], signal: AbortSignal): Promise<boolean> {
  if (carried.length === 0) return true;
  return succeeds(() => runFfmpeg(planRehearsal(plan, carried, devNull), signal));
}

/**
 * Of a part, the trial is of other times than what goes along; a long film would be read twice where the trial fails.
 */
function isShortFilm({ source, picture }: VideoPlan): boolean {
  return source.frames === undefined && picture.trim === null && isShort(source.fileBytes);
}

/** The trial's file, and in the same run all that goes along to its end; null: that run failed. */
function writeAndRead(
  plan: VideoPlan,
  sounds: readonly CarriedStream[],
  trial: string,
  signal: AbortSignal,
): Promise<VideoPlan['ledger']> {
  return readCarriedBeside(plan, planTrial(plan, sounds, trial).output, signal);
}

/** Whether the sound can be written, and is afterwards what it was meant to be. */
async function isReadable(
  plan: VideoPlan,
  sounds: readonly CarriedStream[],
  trial: string,
  signal: AbortSignal,
): Promise<boolean> {
  if (sounds.length === 0) return true;
  const isWritten = await succeeds(() => runFfmpeg(planTrial(plan, sounds, trial), signal));
  return isWritten && isAsMeant(sounds, trial, signal);
}

/** Whether the trial's file, read again, has the sounds that it was to have. */
async function isAsMeant(sounds: readonly CarriedStream[], trial: string, signal: AbortSignal): Promise<boolean> {
  const expected = sounds.map(({ sound, source }) => sound?.codec ?? source.codec);
  let found: readonly string[] = [];
  const isRead = await succeeds(async () => {
    found = await readCodecs(trial, signal);
  });
  return isRead && expected.every((codec, index) => codec === found[index] || isLayerTwo(codec, found[index]));
}

/** MP4 has one name for the layers of MPEG audio; the packets themselves say which it is. */
function isLayerTwo(codec: string, found: string | undefined): boolean {
  return codec === 'mp2' && found === 'mp3';
}

/** Of the streams that can be decoded: their rate is known. */
async function readCodecs(file: string, signal: AbortSignal): Promise<string[]> {
  const { options, source } = safeInput(file);
  const show = ['-select_streams', 'a', '-show_entries', 'stream=codec_name,sample_rate,channels', '-of', 'json'];
  const lines: string[] = [];
  for await (const line of probeLines(['-v', 'level+error', ...options, ...show, source], signal)) lines.push(line);
  const { streams } = codecsSchema.parse(JSON.parse(lines.join('\n')));
  return streams.map(({ codec_name: codec, sample_rate: rate, channels }) =>
    Number(rate) > 0 && channels > 0 ? codec : 'unknown',
  );
}

const codecsSchema = z.object({
  streams: z.array(
    z.object({
      codec_name: z.string().default('unknown'),
      sample_rate: z.string().default('0'),
      channels: z.int().default(0),
    }),
  ),
});

async function succeeds(attempt: () => Promise<void>): Promise<boolean> {
  try {
    await attempt();
    return true;
  } catch (error) {
    if (error instanceof ProgramError) return false;
    throw error;
  }
}
