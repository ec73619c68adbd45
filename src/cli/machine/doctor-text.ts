import { byteText } from '../../core/byte-text.ts';
import { type DeviceReport, deviceText, type KnownProof, type StoredLayouts } from '../../engine/index.ts';
import { alignColumns } from '../table.ts';
import { layoutsText } from './tune-text.ts';

export interface DoctorReport {
  readonly versions: {
    readonly upreel: string;
    readonly node: string;
    readonly onnxruntime: string;
    readonly sharp: string;
    readonly vips: string;
  };
  readonly machine: {
    readonly platform: string;
    readonly cpu: string;
    readonly cores: number;
    /** What a process may still take, by the machine and by its control group. */
    readonly availableBytes: number;
  };
  readonly devices: readonly DeviceReport[];
  /** Remembered proofs, for any model. */
  readonly verdicts: readonly KnownProof[];
  /** What `upreel tune` found, as far as it is in force here. */
  readonly layouts: readonly StoredLayouts[];
  readonly ffmpeg: FfmpegReport;
  readonly caches: readonly CacheReport[];
}

export type FfmpegReport =
  | {
      readonly state: 'here';
      readonly version: string;
      readonly encoders: readonly string[];
      readonly missingEncoders: readonly string[];
    }
  | { readonly state: 'missing'; readonly detail: string; readonly hint: string };

export interface CacheReport {
  readonly name: string;
  readonly path: string;
  readonly files: number;
  readonly bytes: number;
}

export function doctorText({ versions, machine, devices, verdicts, layouts, ffmpeg, caches }: DoctorReport): string {
  const versionRow = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    'Versions',
    `  ${versionRow.join(', ')}`,
    'Machine',
    `  ${machine.platform}, ${machine.cpu}, ${machine.cores} cores, ${byteText(machine.availableBytes)} available`,
    'Devices',
    indent(alignColumns(devices.map(({ device, state, detail }) => [device, state, detail]))),
    ...(verdicts.length === 0 ? [] : ['Remembered verdicts', indent(alignColumns(verdicts.map(verdictRow)))]),
    ...(layouts.length === 0 ? [] : ['Layouts in force (upreel tune)', indent(alignColumns(layouts.map(layoutRow)))]),
    'ffmpeg',
    ...ffmpegLines(ffmpeg).map((line) => `  ${line}`),
    'Caches',
    indent(alignColumns(caches.map(({ name, path, files, bytes }) => [name, byteText(bytes), `${files} files`, path]))),
    'To do',
    ...todo({ devices, ffmpeg }).map((line) => `  ${line}`),
  ].join('\n');
}

/** The weights by the beginning of their hash: one name may have stood for several. */
function verdictRow({ proof, precision, model, weights, at }: KnownProof): string[] {
  const { device, maxDifference, deviceSeconds, cpuSeconds } = proof;
  const speed = `${milliseconds(deviceSeconds)} against ${milliseconds(cpuSeconds)} on the CPU`;
  const name = model.split(/[/\\]/).at(-1)!;
  const difference = maxDifference === 0 ? 'equal to the CPU' : `within ${maxDifference} levels of the CPU`;
  return [deviceText({ device, precision }), `${name} (${weights.slice(0, 8)})`, difference, speed, at.slice(0, 10)];
}

function layoutRow(layouts: StoredLayouts): string[] {
  const { device, model, network, cores, at } = layouts;
  const name = model.split(/[/\\]/).at(-1)!;
  return [device, `${name} (${network.slice(0, 8)})`, `${cores} cores`, layoutsText(layouts), at.slice(0, 10)];
}

function milliseconds(seconds: number): string {
  return `${(1000 * seconds).toFixed(seconds < 0.1 ? 1 : 0)} ms`;
}

function ffmpegLines(ffmpeg: FfmpegReport): string[] {
  if (ffmpeg.state === 'missing') return [`missing: ${ffmpeg.detail}`];
  const { version, encoders, missingEncoders } = ffmpeg;
  const without = missingEncoders.length > 0 ? `, without ${missingEncoders.join(', ')}` : '';
  return [`version ${version}, encoders ${encoders.join(', ')}${without}`];
}

/** What is worth doing: a missing GPU library only where it is a device's own, a missing ffmpeg always. */
function todo({ devices, ffmpeg }: Pick<DoctorReport, 'devices' | 'ffmpeg'>): string[] {
  const lines: string[] = [];
  if (ffmpeg.state === 'missing') lines.push(ffmpeg.hint);
  else if (!ffmpeg.encoders.includes('libx264')) {
    lines.push('This ffmpeg has no libx264, the usual encoder: install a full build, or name another with --encoder.');
  }
  for (const { device, state, hint } of devices) if (device === 'cpu' && state === 'absent') lines.push(hint);
  const gpus = devices.filter(({ device }) => device !== 'cpu');
  for (const { device, hint } of gpus.filter(({ state }) => state === 'wrong' || state === 'untried')) {
    lines.push(`${device}: ${hint}`);
  }
  if (!gpus.some(({ state }) => state === 'works')) {
    const absent = gpus.filter(({ state, hint }) => state === 'absent' && hint !== '');
    if (absent.length > 0) lines.push('If this machine has a GPU:');
    for (const { device, hint } of absent) lines.push(`- ${device}: ${hint}`);
  }
  return lines.length > 0 ? lines : ['nothing: all is well'];
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}
