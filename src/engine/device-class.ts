import { readFileSync } from 'node:fs';
import type { DeviceName } from '../core/device-name.ts';
import { runtimeVersion as versionOfRuntime } from '../core/runtime/index.ts';

/**
 * Devices of one class give the same samples; another instruction set or runtime may round elsewhere. GPUs are told
 * apart by their provider alone.
 */
export function deviceClass(device: DeviceName): string {
  return device === 'cpu' ? `cpu ${process.arch} ${vectorUnits()}` : device;
}

export function runtimeIdentity(): string {
  return `onnxruntime ${versionOfRuntime()}`;
}

/** The widest instruction set that changes onnxruntime's kernels; empty where the system does not tell. */
function vectorUnits(): string {
  try {
    const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' ') ?? [];
    return ['avx512f', 'avx2', 'avx', 'sse4_1'].find((name) => flags.includes(name)) ?? '';
  } catch {
    return '';
  }
}
