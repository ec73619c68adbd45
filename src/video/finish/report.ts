import { rm, stat, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { UpreelError } from '../../core/errors.ts';
import type { Stage } from '../../core/events.ts';
import { publishFile, refuseSameFile, temporaryNameFor } from '../../core/files/publish.ts';
import type { Size } from '../../core/pixels/geometry.ts';
import type { Provenance } from '../../core/provenance.ts';
import { type ReuseCount, reusedShare } from '../frames/changed-results.ts';
import type { PictureDamage } from '../plan/concealment.ts';
import type { VideoPlan } from '../plan/video-plan.ts';
import type { DamagedPlace } from '../source/damaged-places.ts';
import type { StreamWarning } from '../source/streams.ts';
import type { Verification } from './verify.ts';

/** What is left to say of a finished video: report.json. */
export interface VideoReport {
  readonly v: 1;
  readonly input: string;
  readonly output: string;
  readonly model: string;
  readonly device: string;
  readonly frames: number;
  readonly source: Size & { readonly bytes: number };
  readonly result: Size & { readonly bytes: number; readonly encoder: string; readonly pixelFormat: string };
  /** Wall time of each stage, one after the other; decoding, network and encoding are `upscale`, all at once. */
  readonly stages: readonly { readonly name: Stage; readonly seconds: number; readonly framesPerSecond: number }[];
  readonly reuse: ReuseCount & { readonly share: number };
  readonly checks: readonly string[];
  /** What was damaged in the source and is concealed; null: nothing. */
  readonly damage: PictureDamage | null;
  /** Where streams of sound have none in the source; `stream` is the source's number. */
  readonly soundGaps: readonly {
    readonly stream: number;
    readonly startSeconds: number;
    readonly endSeconds: number;
  }[];
  /** As the result's tags have it; null: not known. */
  readonly provenance: Provenance | null;
  readonly warnings: readonly StreamWarning[];
}

export function makeReport(
  plan: VideoPlan,
  made: {
    readonly model: string;
    readonly device: string;
    readonly frames: number;
    readonly stageSeconds: ReadonlyMap<Stage, number>;
    readonly verification: Pick<Verification, 'bytes' | 'checks'>;
    readonly reuse: ReuseCount;
    readonly damage: PictureDamage | null;
    readonly provenance: Provenance | null;
    readonly warnings: readonly StreamWarning[];
    /** Of source and result, where the plan's are not those that people know. */
    readonly names?: { readonly input: string; readonly output: string } | undefined;
  },
): VideoReport {
  const { source, picture, encodedSize, encoder } = plan;
  const { bytes, checks } = made.verification;
  const { names = { input: source.path, output: plan.output } } = made;
  return {
    v: 1,
    input: names.input,
    output: names.output,
    model: made.model,
    device: made.device,
    frames: made.frames,
    source: { ...picture.size, bytes: source.fileBytes },
    result: { ...encodedSize, bytes, encoder: encoder.name, pixelFormat: encoder.pixelFormat },
    stages: [...made.stageSeconds].map(([name, seconds]) => ({
      name,
      seconds: round(seconds),
      framesPerSecond: seconds > 0 ? round(made.frames / seconds) : 0,
    })),
    reuse: { ...made.reuse, framesOfWork: round(made.reuse.framesOfWork), share: round(reusedShare(made.reuse)) },
    checks,
    damage: made.damage === null ? null : roundedDamage(made.damage),
    soundGaps: soundGapsOf(plan),
    provenance: made.provenance,
    warnings: made.warnings,
  };
}

/**
 * What can be known before the work. @throws UpreelError `usage` if it would replace source or result, `output-exists`.
 */
export async function checkReport(file: string, taken: readonly string[], overwrite: boolean): Promise<void> {
  for (const other of taken) {
    await refuseSameFile(other, resolve(file));
    // The result is not there yet.
    if (other === resolve(file)) throw new UpreelError('usage', `--report cannot be ${file}: that is the video.`);
  }
  if (overwrite || !(await stat(file).catch(() => null))) return;
  throw new UpreelError('output-exists', `${file} exists already.`, {
    hint: 'Choose another name with --report, or add --overwrite.',
  });
}

/** @throws UpreelError `output-exists`, `output-unwritable`. */
export async function writeReport(report: VideoReport, file: string, overwrite: boolean): Promise<void> {
  const temporary = temporaryNameFor(resolve(file));
  try {
    // Under another name first: a link that has the report's name is replaced, never written through.
    await writeFile(temporary, `${JSON.stringify(report, null, 2)}\n`, { flag: 'wx' });
    await publishFile(temporary, file, { overwrite });
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    const exists = error instanceof UpreelError && error.code === 'output-exists';
    throw new UpreelError(exists ? 'output-exists' : 'output-unwritable', `Cannot write the report ${file}.`, {
      hint: 'The video itself is whole. Choose another name with --report, or add --overwrite.',
      cause: error,
    });
  }
}

function soundGapsOf({ source, ledger }: VideoPlan): VideoReport['soundGaps'] {
  const sounds = source.streams.filter(({ kind }) => kind === 'audio');
  return sounds.flatMap(({ index }) =>
    (ledger?.get(index)?.gaps ?? []).map(({ startSeconds, endSeconds }) => {
      return { stream: index, startSeconds: round(startSeconds), endSeconds: round(endSeconds) };
    }),
  );
}

function roundedDamage({ patched, missing, untimed }: PictureDamage): PictureDamage {
  return { patched: rounded(patched), missing: rounded(missing), untimed };
}

function rounded(places: readonly DamagedPlace[]): DamagedPlace[] {
  return places.map(({ startSeconds, endSeconds, frames }) => {
    return { startSeconds: round(startSeconds), endSeconds: round(endSeconds), frames };
  });
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
