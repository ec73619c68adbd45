import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { DeviceName } from '../core/device-name.ts';

/**
 * Devices of one class give the same samples; another instruction set or runtime may round elsewhere. GPUs are told
 * apart by their provider alone.
 */
export function deviceClass(device: DeviceName): string {
  return device === 'cpu' ? `cpu ${process.arch} ${vectorUnits()}` : device;
}

export function runtimeVersion(): string {
  const runtime: unknown = createRequire(import.meta.url)('onnxruntime-node/package.json');
  return `onnxruntime ${(runtime as { version: string }).version}`;
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
