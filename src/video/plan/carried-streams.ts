import { type FfmpegPlan, ProgramError } from '../../core/ffmpeg/ffmpeg.ts';
import { planResultLedger, planSourceLedger, recoded } from '../finish/join-plan.ts';
import { failed } from '../finish/verification-failure.ts';
import { damagedFilm } from '../source/completeness.ts';
import { listPlaces, secondsOf } from '../source/damaged-places.ts';
import { readLedger, type StreamLedger } from '../source/stream-ledger.ts';
import type { CarriedStream, StreamWarning } from '../source/streams.ts';
import type { StreamInfo, VideoInfo } from '../source/video-info.ts';
import { concealing } from './concealment.ts';
import type { SoundConversion } from './sound-plan.ts';
import type { VideoPlan } from './video-plan.ts';

/**
 * Reads everything that goes along to its end, before any work: a source whose sound or subtitles are cut off is
 * refused, since ffmpeg would copy what is left; and what is there is what the result must have.
 * @throws UpreelError `input-damaged`, unless damage is concealed.
 */
export async function readCarried(
  plan: VideoPlan,
  signal: AbortSignal,
): Promise<{ readonly ledger: VideoPlan['ledger']; readonly warnings: readonly StreamWarning[] }> {
  const carried = listedStreams(plan);
  if (carried.length === 0) return { ledger: null, warnings: [] };
  let { ledger } = plan;
  const warnings = await concealing(plan.concealsErrors, async () => {
    ledger ??= await readSource(plan, carried, true, signal);
  });
  if (warnings.length > 0) ledger = await readSource(plan, carried, false, signal);
  return { ledger, warnings: [...warnings, ...warnOfGaps(carried, ledger)] };
}

/**
 * Reads the same while the same run of ffmpeg writes something else of the source: of a short film, the beginning of
 * its sound for a trial.
 * @param other the output of a plan whose input is the plan's, whole.
 * @returns null where one of both failed: then each is for a run of its own to do, and to tell.
 */
export async function readCarriedBeside(
  plan: VideoPlan,
  other: FfmpegPlan['output'],
  signal: AbortSignal,
): Promise<VideoPlan['ledger']> {
  const carried = listedStreams(plan);
  const { inputs, output } = planSourceLedger(plan, carried, true);
  const options = [...other.options, other.target, ...output.options];
  try {
    return await sumUp({ inputs, output: { ...output, options } }, carried, signal);
  } catch (error) {
    if (error instanceof ProgramError) return null;
    throw error;
  }
}

/** Silence of the source's own making: whoever hears it should not have to look for its cause. */
function warnOfGaps(carried: readonly CarriedStream[], ledger: VideoPlan['ledger']): StreamWarning[] {
  return carried.flatMap((entry) => {
    const gaps = entry.source.kind === 'audio' ? (ledger?.get(entry.source.index)?.gaps ?? []) : [];
    if (gaps.length === 0) return [];
    const count = gaps.length === 1 ? 'a gap' : `${gaps.length} gaps`;
    const name = `${nameOf(entry)[0]?.toUpperCase()}${nameOf(entry).slice(1)}`;
    const message = `${name} has ${count} in the source (${secondsOf(gaps).toFixed(2)} s): ${listPlaces(gaps)}. Silence stands for it, in step with the picture.`;
    return [{ code: 'sound-gap', message }];
  });
}

/**
 * Holds every copied or converted stream of a finished file against the source's.
 * @returns what was checked, in words.
 * @throws UpreelError `verification-failed` for one that is missing, short or at another time.
 */
export async function verifyCarried(plan: VideoPlan, result: VideoInfo, signal: AbortSignal): Promise<string[]> {
  const { ledger } = plan;
  const carried = listedStreams(plan);
  if (ledger === null || carried.length === 0) return [];
  const found = carried.map((entry) => streamOf(entry, carried, result));
  const indices = found.map((stream) => stream.index);
  const after = await readLedger(planResultLedger(result.path, carried, indices), carried.length, signal);
  const checks: string[] = [];
  for (const [index, entry] of carried.entries()) {
    const before = ledger.get(entry.source.index);
    const now = after[index];
    if (before === undefined || now === undefined) throw failed(`its ${nameOf(entry)} could not be read`);
    compare(entry, before, now);
    if (before.packets > 0) checks.push(describe(entry, before, now));
  }
  return checks;
}

/** Attachments have no packets: they are only counted. */
function listedStreams({ streams }: VideoPlan): CarriedStream[] {
  return streams.order.filter((entry) => entry !== null).filter((entry) => entry.source.kind !== 'attachment');
}

async function readSource(
  plan: VideoPlan,
  carried: readonly CarriedStream[],
  isStrict: boolean,
  signal: AbortSignal,
): Promise<VideoPlan['ledger']> {
  try {
    return await sumUp(planSourceLedger(plan, carried, isStrict), carried, signal);
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    const stream = brokenStreamOf(error);
    // What else may go wrong here says nothing about the source: the muxer has taken these streams already.
    if (stream === undefined) return null;
    const kind = plan.source.streams[stream]?.kind ?? 'other';
    throw damagedFilm(`${plan.source.path} is damaged or cut off: its ${kind} stream ${stream} is incomplete.`, error);
  }
}

/** @param ledger lists `carried`, as `planSourceLedger` does. */
async function sumUp(
  ledger: FfmpegPlan,
  carried: readonly CarriedStream[],
  signal: AbortSignal,
): Promise<NonNullable<VideoPlan['ledger']>> {
  const again = recoded(carried);
  const ledgers = await readLedger(ledger, carried.length + again.length, signal);
  return new Map(
    carried.map((entry, index) => {
      const place = again.indexOf(entry);
      const { gaps } = ledgers[place < 0 ? index : carried.length + place]!;
      return [entry.source.index, { ...ledgers[index]!, gaps }];
    }),
  );
}

function brokenStreamOf({ lines }: ProgramError): number | undefined {
  const text = lines.join('\n');
  const index = /(?:corrupt input packet in|Error while decoding) stream #?(?:0:)?(\d+)/.exec(text)?.[1];
  return index === undefined ? undefined : Number(index);
}

/** Containers may move attachments and pictures; streams of one kind stay in their order. */
function streamOf(entry: CarriedStream, carried: readonly CarriedStream[], result: VideoInfo): StreamInfo {
  const isSame = (other: StreamInfo) =>
    other.kind === entry.source.kind && other.isCoverArt === entry.source.isCoverArt && other !== result.video;
  const place = carried.filter((other) => isSame(other.source)).indexOf(entry);
  const stream = result.streams.filter(isSame)[place];
  if (stream === undefined) throw failed(`its ${nameOf(entry)} is missing`);
  return stream;
}

function compare(entry: CarriedStream, before: StreamLedger, now: StreamLedger): void {
  if (before.packets === 0) return;
  if (now.packets === 0) throw failed(`its ${nameOf(entry)} is empty`);
  if (entry.sound === null) comparePackets(entry, before, now);
  else compareSound(entry, entry.sound, before, now);
}

function comparePackets(entry: CarriedStream, before: StreamLedger, now: StreamLedger): void {
  // Demuxers cut PCM in their own ways, and muxers take headers off packets.
  const [had, has] = entry.codec === 'copy' ? [before.packets, now.packets] : [before.filledPackets, now.filledPackets];
  // Edit lists may cut a packet at either end, of priming or padding.
  const isShort = has < had && (now.bytes < before.bytes || entry.codec !== 'copy') && has < had - (had > 4 ? 2 : 0);
  if (isShort) throw failed(`its ${nameOf(entry)} has ${has} packets, expected ${had}`);
  const startOf = ({ startSeconds, filledStartSeconds }: StreamLedger) =>
    entry.source.kind === 'subtitle' ? filledStartSeconds : startSeconds;
  requireTime(entry, startOf(before), startOf(now), COPY_TOLERANCE_SECONDS);
  if (entry.source.kind !== 'audio') return;
  requireTime(entry, before.endSeconds, now.endSeconds, Math.max(COPY_TOLERANCE_SECONDS, 3 * packetSeconds(before)));
}

/** Beyond this, people begin to notice that lips and voices part (ITU-R BT.1359: 45 ms of sound ahead). */
const COPY_TOLERANCE_SECONDS = 0.04;

function packetSeconds({ lengthSeconds, packets }: StreamLedger): number {
  return lengthSeconds / packets;
}

function compareSound(entry: CarriedStream, sound: SoundConversion, before: StreamLedger, now: StreamLedger): void {
  // A frame of the codec may be filled up at either end; a container may count in milliseconds.
  const frame = sound.isExact ? 0 : sound.codec === 'aac' ? 1024 / rateOf(entry) : 0.02;
  requireTime(entry, before.startSeconds, now.startSeconds, frame + CLOCK_SECONDS);
  const change = now.lengthSeconds - before.lengthSeconds;
  if (Math.abs(change) > 2 * frame + CLOCK_SECONDS) {
    const [has, had] = [now, before].map((side) => side.lengthSeconds.toFixed(3));
    throw failed(`its ${nameOf(entry)} lasts ${has} s, expected ${had} s`);
  }
  if (!sound.isExact || before.checksum === now.checksum) return;
  throw failed(`the samples of its ${nameOf(entry)} are not those of the source`);
}

const CLOCK_SECONDS = 0.002;

function rateOf({ sound, source }: CarriedStream): number {
  return Number(sound?.options.find(([name]) => name === 'ar')?.[1]) || source.sound?.sampleRate || 48_000;
}

function requireTime(entry: CarriedStream, expected: number | null, actual: number | null, tolerance: number): void {
  if (expected === null) return;
  if (Math.abs((actual ?? Number.NaN) - expected) <= tolerance) return;
  const found = actual === null ? 'no times' : `a time of ${actual.toFixed(3)} s`;
  throw failed(`its ${nameOf(entry)} has ${found}, expected ${expected.toFixed(3)} s`);
}

function describe(entry: CarriedStream, before: StreamLedger, now: StreamLedger): string {
  const start = now.startSeconds === null ? '' : `, from ${now.startSeconds.toFixed(3)} s`;
  const name = `${nameOf(entry)} of the source`;
  if (entry.sound === null) {
    const equal = before.checksum === now.checksum && entry.codec === 'copy' ? ', bit for bit' : '';
    const how = entry.codec === 'copy' ? 'copied' : `as ${entry.codec}`;
    return `${name}: ${how}, ${now.filledPackets} packets${start}${equal}`;
  }
  const equal = entry.sound.isExact ? ', every sample equal' : '';
  return `${name}: as ${entry.sound.label}, ${now.lengthSeconds.toFixed(3)} s${start}${equal}`;
}

function nameOf({ source }: CarriedStream): string {
  return source.isCoverArt ? 'cover art' : `${source.kind} stream ${source.index}`;
}
