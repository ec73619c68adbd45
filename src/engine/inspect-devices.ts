import type { DeviceName } from '../core/device-name.ts';
import { hasWeights, readCatalogue } from '../core/model/index.ts';
import { findRuntime, runtimeMissing } from '../core/runtime/index.ts';
import { listDevicesOfRuntime } from '../core/session/session.ts';
import { AUTOMATIC_NETWORK, type NetworkSettings } from '../core/upscaler/network-settings.ts';
import { candidatesHere, hintFor, rejectionOf } from './choose-device.ts';
import { verdictOn } from './device-verdict.ts';
import type { RunOptions } from './engine-client.ts';

export interface DeviceReport {
  readonly device: DeviceName;
  /** `slow`: right, but not faster than the CPU. `untried`: the model that it is tried with is not on this machine. */
  readonly state: 'works' | 'slow' | 'wrong' | 'absent' | 'untried';
  /** One sentence. */
  readonly detail: string;
  /** What would make it work; empty if there is nothing to do. */
  readonly hint: string;
}

/** Every device that this build of the runtime knows, tried with one network that is already on this machine. */
export async function inspectDevices(model: string, context: RunOptions): Promise<DeviceReport[]> {
  if (findRuntime() === null) {
    return [{ device: 'cpu', state: 'absent', detail: 'onnxruntime is not installed', hint: runtimeMissing().hint }];
  }
  const here = await hasWeights(model);
  const reports: DeviceReport[] = [];
  for (const device of listDevicesOfRuntime()) reports.push(await inspectDevice(device, model, here, context));
  return reports;
}

/**
 * Devices that a machine has for whatever network comes: the one that it is bound to, or with `auto` the CPU and those
 * that have proven themselves with the default network.
 */
export async function devicesOfMachine(
  { device }: { readonly device: DeviceName | 'auto' },
  signal: AbortSignal,
): Promise<readonly DeviceName[]> {
  if (device !== 'auto') return [device];
  const model = readCatalogue().default;
  const here = await hasWeights(model);
  const found: DeviceName[] = ['cpu'];
  for (const candidate of candidatesHere()) {
    const { state } = await inspectDevice(candidate, model, here, { signal, onEvent: () => {} });
    if (state === 'works') found.push(candidate);
  }
  return found;
}

async function inspectDevice(
  device: DeviceName,
  model: string,
  modelIsHere: boolean,
  context: RunOptions,
): Promise<DeviceReport> {
  if (device === 'cpu') return { device, state: 'works', detail: 'always there', hint: '' };
  if (!modelIsHere) {
    const hint = `Fetch it with upreel models pull ${model}, then run upreel doctor again.`;
    return { device, state: 'untried', detail: `${model} is not on this machine`, hint };
  }
  const network: NetworkSettings = { ...AUTOMATIC_NETWORK, model, device };
  const verdict = await verdictOn(device, network, context);
  const rejection = rejectionOf(verdict);
  if ('failure' in verdict) return { device, state: 'absent', detail: verdict.failure, hint: hintFor(device) };
  if (rejection !== null) return { device, state: 'wrong', detail: rejection, hint: 'Update its driver.' };
  const { deviceSeconds, cpuSeconds, maxDifference } = verdict.proof;
  const equal = maxDifference <= 1 ? 'equal to the CPU' : `within ${maxDifference} levels of the CPU`;
  const faster = deviceSeconds < cpuSeconds;
  const ratio = faster ? cpuSeconds / deviceSeconds : deviceSeconds / cpuSeconds;
  const detail = `${equal}, ${ratio.toFixed(1)} times ${faster ? 'as fast' : 'slower'}`;
  return { device, state: faster ? 'works' : 'slow', detail, hint: '' };
}
