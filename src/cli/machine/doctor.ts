import { availableParallelism, cpus } from 'node:os';
import type { Command } from 'commander';
import { codecVersions } from '../../core/codec/index.ts';
import { UpreelError } from '../../core/errors.ts';
import { ownVersion } from '../../core/files/own-files.ts';
import { cacheFolders, readCatalogue } from '../../core/model/index.ts';
import { runtimeVersion } from '../../core/runtime/index.ts';
import { inspectDevices, listLayouts, listVerdicts } from '../../engine/index.ts';
import { ENCODER_NAMES, ffmpegVersion, listEncoders } from '../../video/index.ts';
import { addFleetOptions, type FleetFlags, namesFleet } from '../fleet-commands/address.ts';
import { printText } from '../print-text.ts';
import { type DoctorReport, doctorText, type FfmpegReport } from './doctor-text.ts';
import { sizeOfTree } from './tree-size.ts';

/** Adds `upreel doctor`: what there is, what is missing, and what to do about it. */
export function addDoctorCommand(program: Command): void {
  addFleetOptions(program.command('doctor'))
    .description('devices, ffmpeg, versions and caches, and what to do where something is missing')
    .option('--json', 'one JSON line')
    .action(async (flags: FleetFlags, command: Command) => {
      if (namesFleet(flags)) {
        const { examineFleet } = await import('../fleet-commands/doctor.ts');
        process.exitCode = await examineFleet(command.optsWithGlobals());
        return;
      }
      const report = await examine();
      if (command.optsWithGlobals<{ json?: boolean }>().json) {
        console.log(JSON.stringify({ v: 1, type: 'doctor', ...report }));
      } else {
        printText(doctorText(report));
      }
      process.exitCode = report.ffmpeg.state === 'here' ? 0 : 1;
    });
}

async function examine(): Promise<DoctorReport> {
  const { signal } = new AbortController();
  return {
    versions: { upreel: ownVersion(), node: process.versions.node, onnxruntime: runtimeVersion(), ...codecVersions() },
    machine: {
      platform: `${process.platform} ${process.arch}`,
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: availableParallelism(),
      availableBytes: process.availableMemory(),
    },
    devices: await inspectDevices(readCatalogue().default, { signal, onEvent: () => undefined }),
    verdicts: await listVerdicts(),
    layouts: await listLayouts(),
    ffmpeg: await examineFfmpeg(signal),
    caches: await Promise.all(
      Object.entries(cacheFolders()).map(async ([name, path]) => ({ name, path, ...(await sizeOfTree(path)) })),
    ),
  };
}

async function examineFfmpeg(signal: AbortSignal): Promise<FfmpegReport> {
  try {
    const [version, encoders] = [await ffmpegVersion(signal), await listEncoders(signal)];
    return {
      state: 'here',
      version,
      encoders: ENCODER_NAMES.filter((name) => encoders.has(name)),
      missingEncoders: ENCODER_NAMES.filter((name) => !encoders.has(name)),
    };
  } catch (error) {
    if (!(error instanceof UpreelError)) throw error;
    return { state: 'missing', detail: error.message, hint: error.hint };
  }
}
