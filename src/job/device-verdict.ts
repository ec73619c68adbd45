import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { UpreelError } from '../core/errors.ts';
import { cacheFolders } from '../core/model/index.ts';
import type { NetworkSettings } from '../core/options.ts';
import { writeFileAtomically } from '../core/publish.ts';
import { type DeviceName, runtimeVersion } from '../core/session.ts';
import type { DeviceProof } from './engine-protocol.ts';
import { type RunOptions, startEngine } from './supervisor.ts';

/** What a device did on its proof, or one sentence why it could not be run. */
export type Verdict = { readonly proof: DeviceProof } | { readonly failure: string };

/** The remembered verdict on a device, or a proof in an engine process of its own. */
export async function verdictOn(device: DeviceName, network: NetworkSettings, context: RunOptions): Promise<Verdict> {
  const cached = join(cacheFolders().devices, `${fingerprint(device, network)}.json`);
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
function fingerprint(device: DeviceName, { model, gpus }: NetworkSettings): string {
  const drivers = [process.env.VK_ICD_FILENAMES, process.env.VK_DRIVER_FILES, ...renderNodes()];
  const facts = [device, gpus, model, runtimeVersion(), process.platform, process.arch, release(), ...drivers];
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 32);
}

export function renderNodes(): string[] {
  if (!existsSync('/dev/dri')) return [];
  return readdirSync('/dev/dri').filter((name) => name.startsWith('renderD'));
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
