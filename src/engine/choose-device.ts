import { existsSync } from 'node:fs';
import type { DeviceName } from '../core/device-name.ts';
import { UpreelError } from '../core/errors.ts';
import type { Precision } from '../core/model/index.ts';
import type { NetworkSettings } from '../core/upscaler/network-settings.ts';
import { type Verdict, verdictOn } from './device-verdict.ts';
import { renderNodes } from './driver-facts.ts';
import type { RunOptions } from './engine-client.ts';
import type { DeviceProof } from './engine-protocol.ts';

export interface DeviceChoice {
  readonly device: DeviceName;
  /** Of its arithmetic. */
  readonly precision: Precision;
  /** Sentences for the user: why a device was passed over, or is slow. */
  readonly warnings: readonly string[];
}

/** fp16 and TF32 arithmetic move a sample by a level or three; a broken device is off by tens, or black. */
const MAX_DIFFERENCE_LEVELS = 8;
const MEAN_DIFFERENCE_LEVELS = 0.75;

/** float16 must be this much faster than float32 to be worth a level of difference. */
const WORTH_HALF = 0.97;

/**
 * The device to run on, and in which precision. A GPU must first prove, in a process of its own, that it computes what
 * the CPU computes (and with `auto`, that it is faster); so must float16, which is taken where it is faster still.
 * @param judge what gives the verdict on a device
 * @throws UpreelError `device-unavailable` if what was asked for does not pass; `usage` for float16 on the CPU.
 */
export async function chooseDevice(
  network: NetworkSettings,
  context: RunOptions,
  judge: typeof verdictOn = verdictOn,
): Promise<DeviceChoice> {
  const { device, precision } = network;
  if (device === 'cpu') {
    if (precision !== 'float16') return { device, precision: 'float32', warnings: [] };
    throw new UpreelError('usage', 'float16 is for GPUs: on the CPU it would be slower, and no better.', {
      hint: 'Leave --precision out, or choose another --device.',
    });
  }
  const judged = (on: DeviceName, of: Precision) => judge(on, { ...network, precision: of }, context);
  if (device !== 'auto') {
    const full = await judged(device, 'float32');
    const warnings = insistOn(device, full);
    if (precision === 'float32') return { device, precision, warnings };
    const half = await judged(device, 'float16');
    if (precision === 'float16') insistOn(device, half, ' in float16');
    return { device, precision: precision === 'float16' || isFaster(half, full) ? 'float16' : 'float32', warnings };
  }
  const warnings: string[] = [];
  for (const candidate of candidatesHere()) {
    const full = await judged(candidate, 'float32');
    const half = precision !== 'float32' && isUsable(full) ? await judged(candidate, 'float16') : null;
    const isHalf = half !== null && (precision === 'float16' ? isUsable(half) : isFaster(half, full));
    if (isHalf) return { device: candidate, precision: 'float16', warnings };
    if (isUsable(full) && precision !== 'float16') return { device: candidate, precision: 'float32', warnings };
    // That a machine has no GPU is no news; that one computes wrong results is.
    const rejection = rejectionOf(full);
    if ('proof' in full && rejection !== null) warnings.push(`${candidate} is not used: ${rejection}`);
  }
  if (precision !== 'float16') return { device: 'cpu', precision: 'float32', warnings };
  throw new UpreelError(
    'device-unavailable',
    'No GPU here computes this network in float16, and does so faster than the CPU.',
    {
      hint: 'Leave --precision out.',
    },
  );
}

/** Right, and faster than the CPU. */
function isUsable(verdict: Verdict): boolean {
  return rejectionOf(verdict) === null && 'proof' in verdict && verdict.proof.deviceSeconds < verdict.proof.cpuSeconds;
}

/** Whether float16 is right, and enough faster than float32 on the same device. */
function isFaster(half: Verdict, full: Verdict): boolean {
  if (rejectionOf(half) !== null || !('proof' in half) || !('proof' in full)) return false;
  return half.proof.deviceSeconds < WORTH_HALF * full.proof.deviceSeconds;
}

/** Devices worth a proof on this platform, best first; empty where no GPU can be seen. */
export function candidatesHere(): readonly DeviceName[] {
  switch (process.platform) {
    case 'darwin':
      return ['coreml', 'webgpu'];
    case 'win32':
      return ['cuda', 'dml', 'webgpu'];
    default:
      return hasGpuOnLinux() ? ['cuda', 'webgpu'] : [];
  }
}

function hasGpuOnLinux(): boolean {
  const named = process.env.VK_ICD_FILENAMES ?? process.env.VK_DRIVER_FILES;
  return Boolean(named) || existsSync('/dev/nvidia0') || existsSync('/dev/dxg') || renderNodes().length > 0;
}

/** Warnings. @throws UpreelError `device-unavailable` */
function insistOn(device: DeviceName, verdict: Verdict, how = ''): readonly string[] {
  const rejection = rejectionOf(verdict);
  if (rejection !== null) {
    throw new UpreelError('device-unavailable', `The device ${device} cannot be used${how}: ${rejection}`, {
      hint: hintFor(device),
    });
  }
  const { deviceSeconds, cpuSeconds } = (verdict as { proof: DeviceProof }).proof;
  const slower = deviceSeconds > cpuSeconds * 1.2;
  const ratio = (deviceSeconds / cpuSeconds).toFixed(1);
  return slower ? [`${device} is ${ratio} times slower than the CPU here (a software GPU?).`] : [];
}

export function hintFor(device: DeviceName): string {
  switch (device) {
    case 'cuda':
    case 'tensorrt':
      return 'Install its files once with upreel gpu install, or use --device auto.';
    case 'webgpu':
      return 'Check that a Vulkan, Metal or Direct3D 12 driver is installed, or use --device auto.';
    default:
      return 'Use --device auto to take what works here.';
  }
}

/** One sentence why the device must not be used, or null. */
export function rejectionOf(verdict: Verdict): string | null {
  if ('failure' in verdict) return verdict.failure;
  const { maxDifference, meanDifference } = verdict.proof;
  if (maxDifference <= MAX_DIFFERENCE_LEVELS && meanDifference <= MEAN_DIFFERENCE_LEVELS) return null;
  return `its result differs from the CPU's by up to ${maxDifference} of 255 levels.`;
}
