import { readFileSync } from 'node:fs';
import { runtimeVersion as versionOfRuntime } from '../core/runtime/index.ts';
import type { EngineNetwork } from './engine-protocol.ts';

/**
 * Devices of one class give the same samples; another instruction set, precision or runtime may round elsewhere. GPUs
 * are told apart by their provider alone.
 */
export function deviceClass({ device, precision }: Pick<EngineNetwork, 'device' | 'precision'>): string {
  return device === 'cpu' ? `cpu ${process.arch} ${vectorUnits()}` : deviceText({ device, precision });
}

/** A device and what it computes in, where that is not the usual. */
export function deviceText({ device, precision }: { readonly device: string; readonly precision: string }): string {
  return precision === 'float16' ? `${device} ${precision}` : device;
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
