import { ffmpeg } from './clips.ts';

/** Seconds at which the picture turns white, and at which a tone begins after silence, as a player would give them. */
export interface Onsets {
  readonly flashes: readonly number[];
  readonly beeps: readonly number[];
}

/** A black film with flashes and beeps at the same moments, of a fifth of a second each; ffmpeg's inputs for it. */
export function flashes(
  seconds: number,
  at: readonly number[],
  { rate = '25', lateSound = 0 }: { readonly rate?: string; readonly lateSound?: number } = {},
): string[] {
  const during = (shift: number) => at.map((time) => `between(t,${time - shift},${time - shift + 0.2})`).join('+');
  const picture = `color=black:s=64x48:r=${rate}:d=${seconds},drawbox=c=white:t=fill:enable='${during(0)}'`;
  const sound = `sine=1000:r=48000:d=${seconds - lateSound},volume=enable='not(${during(lateSound)})':volume=0`;
  return ['-f', 'lavfi', '-i', picture, '-itsoffset', `${lateSound}`, '-f', 'lavfi', '-i', sound];
}

/** Decodes both, what is damaged as well as it can be. */
export function onsets(file: string): Onsets {
  return { flashes: flashTimes(file), beeps: beepTimes(file) };
}

function flashTimes(file: string): number[] {
  const filter = 'format=gray,scale=1:1:flags=area,signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-';
  const lines = ffmpeg('-v', 'quiet', '-copyts', '-i', file, '-map', '0:v:0', '-vf', filter, '-f', 'null', '-')
    .toString()
    .split('\n');
  const times: number[] = [];
  let time = Number.NaN;
  let isWhite = false;
  for (const line of lines) {
    time = Number(/pts_time:(\S+)/.exec(line)?.[1] ?? time);
    const level = /YAVG=(\S+)/.exec(line)?.[1];
    if (level === undefined) continue;
    if (Number(level) > 140 && !isWhite) times.push(time);
    isWhite = Number(level) > 140;
  }
  return times;
}

const RATE = 48_000;

/** Gaps are silence, and the first sample is that of second 0. */
function beepTimes(file: string): number[] {
  const filter = `aresample=${RATE}:async=1:min_hard_comp=0.02:first_pts=0,aformat=s16:channel_layouts=mono`;
  const pcm = ffmpeg('-v', 'quiet', '-copyts', '-i', file, '-map', '0:a:0', '-af', filter, '-f', 's16le', '-');
  const times: number[] = [];
  let quiet = RATE;
  for (let index = 0; index * 2 + 1 < pcm.length; index++) {
    const isLoud = Math.abs(pcm.readInt16LE(index * 2)) > 800;
    if (isLoud && quiet > RATE / 20) times.push(index / RATE);
    quiet = isLoud ? 0 : quiet + 1;
  }
  return times;
}

/** By how much each beep comes after the flash next to it, in milliseconds. */
export function delays({ flashes, beeps }: Onsets): number[] {
  return flashes.flatMap((flash) => {
    const near = beeps.filter((beep) => Math.abs(beep - flash) < 0.45);
    return near.length === 0 ? [] : [1000 * (near[0]! - flash)];
  });
}
