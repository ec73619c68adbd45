import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { release } from 'node:os';
import { join } from 'node:path';
import { UpreelError } from '../core/errors.ts';
import type { TaskEvent } from '../core/events.ts';
import { cacheFolders } from '../core/model/index.ts';
import type { NetworkSettings } from '../core/options.ts';
import { writeFileAtomically } from '../core/publish.ts';
import type { DeviceName } from '../core/session.ts';
import type { DeviceProof } from './engine-protocol.ts';
import { startEngine } from './supervisor.ts';

export interface DeviceChoice {
  readonly device: DeviceName;
  /** Sentences for the user: why a device was passed over, or is slow. */
  readonly warnings: readonly string[];
}

/** fp16 and TF32 arithmetic move a sample by a level or three; a broken device is off by tens, or black. */
const MAX_DIFFERENCE_LEVELS = 8;
const MEAN_DIFFERENCE_LEVELS = 0.75;

type Verdict = { readonly proof: DeviceProof } | { readonly failure: string };

/**
 * The device to run on. A GPU must first prove, in a process of its own, that it computes what the CPU computes
 * (and with `auto`, that it is faster).
 * @throws UpreelError `device-unavailable` if the one that was asked for does not pass.
 */
export async function chooseDevice(
  network: NetworkSettings,
  context: { readonly signal: AbortSignal; readonly onEvent: (event: TaskEvent) => void },
): Promise<DeviceChoice> {
  const { device } = network;
  if (device === 'cpu') return { device, warnings: [] };
  if (device !== 'auto') return insistOn(device, await verdictOn(device, network, context));
  const warnings: string[] = [];
  for (const candidate of candidatesHere()) {
    const verdict = await verdictOn(candidate, network, context);
    const rejection = rejectionOf(verdict);
    if (rejection === null && 'proof' in verdict && verdict.proof.deviceSeconds < verdict.proof.cpuSeconds) {
      return { device: candidate, warnings };
    }
    // That a machine has no GPU is no news; that one computes wrong results is.
    if ('proof' in verdict && rejection !== null) warnings.push(`${candidate} is not used: ${rejection}`);
  }
  return { device: 'cpu', warnings };
}

/** Devices worth a proof on this platform, best first; empty where no GPU can be seen. */
function candidatesHere(): readonly DeviceName[] {
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

function renderNodes(): string[] {
  if (!existsSync('/dev/dri')) return [];
  return readdirSync('/dev/dri').filter((name) => name.startsWith('renderD'));
}

function insistOn(device: DeviceName, verdict: Verdict): DeviceChoice {
  const rejection = rejectionOf(verdict);
  if (rejection !== null) {
    throw new UpreelError('device-unavailable', `The device ${device} cannot be used: ${rejection}`, {
      hint: hintFor(device),
    });
  }
  const { deviceSeconds, cpuSeconds } = (verdict as { proof: DeviceProof }).proof;
  const slower = deviceSeconds > cpuSeconds * 1.2;
  const ratio = (deviceSeconds / cpuSeconds).toFixed(1);
  return {
    device,
    warnings: slower ? [`${device} is ${ratio} times slower than the CPU here (a software GPU?).`] : [],
  };
}

function hintFor(device: DeviceName): string {
  switch (device) {
    case 'cuda':
    case 'tensorrt':
      return 'Install its files once with ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install, or use --device auto.';
    case 'webgpu':
      return 'Check that a Vulkan, Metal or Direct3D 12 driver is installed, or use --device auto.';
    default:
      return 'Use --device auto to take what works here.';
  }
}

/** One sentence why the device must not be used, or null. */
function rejectionOf(verdict: Verdict): string | null {
  if ('failure' in verdict) return verdict.failure;
  const { maxDifference, meanDifference } = verdict.proof;
  if (maxDifference <= MAX_DIFFERENCE_LEVELS && meanDifference <= MEAN_DIFFERENCE_LEVELS) return null;
  return `its result differs from the CPU's by up to ${maxDifference} of 255 levels.`;
}

async function verdictOn(
  device: DeviceName,
  network: NetworkSettings,
  context: { readonly signal: AbortSignal; readonly onEvent: (event: TaskEvent) => void },
): Promise<Verdict> {
  const cached = join(cacheFolders().devices, `${fingerprint(device, network.model)}.json`);
  const known = await readFile(cached, 'utf8').then(parseVerdict, () => null);
  if (known) return known;
  const engine = startEngine();
  try {
    const result = await engine.run({ kind: 'prove', network: { ...network, device } }, context);
    if (result.kind !== 'prove') throw new UpreelError('internal', `Expected a proof, got ${result.kind}.`);
    const verdict = { proof: result.proof };
    await writeFileAtomically(cached, JSON.stringify(verdict));
    return verdict;
  } catch (error) {
    if (!(error instanceof UpreelError)) throw error;
    // Failures are not remembered: a driver may be installed a minute later.
    if (error.code === 'device-unavailable') return { failure: sentenceAfterColon(error.message) };
    if (error.code === 'engine-died' || error.code === 'out-of-memory')
      return { failure: 'it crashed on a test tile.' };
    throw error;
  } finally {
    await engine.close();
  }
}

/** Model, runtime and drivers: a verdict is good for this combination only. */
function fingerprint(device: DeviceName, model: string): string {
  const runtime: unknown = createRequire(import.meta.url)('onnxruntime-node/package.json');
  const version = (runtime as { version: string }).version;
  const drivers = [process.env.VK_ICD_FILENAMES, process.env.VK_DRIVER_FILES, ...renderNodes()];
  const facts = [device, model, version, process.platform, process.arch, release(), ...drivers];
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 32);
}

function parseVerdict(text: string): Verdict | null {
  try {
    const value = JSON.parse(text) as Partial<{ proof: DeviceProof }>;
    return value.proof && Number.isFinite(value.proof.deviceSeconds) ? { proof: value.proof } : null;
  } catch {
    return null;
  }
}

function sentenceAfterColon(message: string): string {
  return message.slice(message.indexOf(': ') + 2);
}
