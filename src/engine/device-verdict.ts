import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { DEVICE_NAMES, type DeviceName } from '../core/device-name.ts';
import { UpreelError } from '../core/errors.ts';
import { PRECISIONS, type Precision } from '../core/model/descriptor.ts';
import { cacheFolders, locateWeights, networkFilesSha256, readCached, writeCached } from '../core/model/index.ts';
import { runtimeVersion } from '../core/runtime/index.ts';
import { type NetworkSettings, precisionOf } from '../core/upscaler/network-settings.ts';
import { againAfterKill } from './after-kill.ts';
import { driverFacts } from './driver-facts.ts';
import { type RunOptions, startEngine } from './engine-client.ts';
import type { DeviceProof } from './engine-protocol.ts';

/** What a device did on its proof, or one sentence why it could not be run. */
export type Verdict = { readonly proof: DeviceProof } | { readonly failure: string };

/** A verdict of before, as it is kept. */
export type KnownVerdict = Verdict & {
  readonly precision: Precision;
  /** As the user called it then; the verdict belongs to its content. */
  readonly model: string;
  /** sha256 of the weights. */
  readonly weights: string;
  readonly runtime: string;
  /** ISO 8601. */
  readonly at: string;
};

export type KnownProof = Extract<KnownVerdict, { readonly proof: DeviceProof }>;

/**
 * The remembered verdict on a device, or a proof in an engine process of its own. Weights that are not on this machine
 * are fetched first.
 */
export async function verdictOn(device: DeviceName, network: NetworkSettings, context: RunOptions): Promise<Verdict> {
  const weights = await weightsHash(network, context);
  const cached = join(cacheFolders().devices, `${fingerprint(device, network, weights)}.json`);
  const known = await readVerdict(cached);
  if (known !== null) return known;
  const precision = precisionOf(network);
  const keep = async (verdict: Verdict): Promise<Verdict> => {
    const at = new Date().toISOString();
    const kept: KnownVerdict = { ...verdict, precision, model: network.model, weights, runtime: runtimeVersion(), at };
    // A cache that cannot be written costs the proof again, no more.
    await writeCached(cached, JSON.stringify(kept)).catch(() => undefined);
    return verdict;
  };
  try {
    return await keep({ proof: await againAfterKill(() => prove(device, network, context)) });
  } catch (error) {
    const failure = failureOf(error);
    if (failure === null) throw error;
    // Not remembered: a driver may be installed a minute later. That one which runs has no float16 will not change.
    return precision === 'float16' ? keep({ failure }) : { failure };
  }
}

function failureOf(error: unknown): string | null {
  if (!(error instanceof UpreelError)) return null;
  if (error.code === 'device-unavailable') return sentenceAfterColon(error.message);
  return error.code === 'engine-died' || error.code === 'out-of-memory' ? 'it crashed on a test tile.' : null;
}

async function prove(device: DeviceName, network: NetworkSettings, context: RunOptions): Promise<DeviceProof> {
  const engine = startEngine();
  try {
    const result = await engine.run({ kind: 'prove', network: { ...network, device } }, context);
    if (result.kind !== 'prove') throw new UpreelError('internal', `Expected a proof, got ${result.kind}.`);
    return result.proof;
  } finally {
    await engine.close();
  }
}

/** Every proof that is remembered on this machine, newest first; of drivers that are no longer there, too. */
export async function listVerdicts(): Promise<KnownProof[]> {
  const folder = cacheFolders().devices;
  const names = (await readdir(folder).catch(() => [])).filter((name) => /^[0-9a-f]{32}\.json$/.test(name));
  const verdicts = await Promise.all(names.map((name) => readVerdict(join(folder, name))));
  const proofs = verdicts.filter((verdict) => verdict !== null && 'proof' in verdict);
  return proofs.sort((a, b) => b.at.localeCompare(a.at));
}

async function weightsHash({ model }: NetworkSettings, { signal, onEvent }: RunOptions): Promise<string> {
  const onPull = (pull: { model: string; bytesDone: number; bytesTotal: number; from: string }): void =>
    onEvent({ type: 'pull', ...pull });
  const { files } = await locateWeights(model, { signal, onPull });
  return networkFilesSha256(files);
}

/** Weights and what is made of them, runtime and drivers: a verdict is good for this combination only. */
function fingerprint(device: DeviceName, network: NetworkSettings, weights: string): string {
  const { gpus, denoise, onnxRange, onnxChannels, colour } = network;
  const half = precisionOf(network) === 'float16' && { precision: 'float16' };
  const use = { denoise: denoise === 1 ? null : denoise, onnxRange, onnxChannels, colour, ...half };
  const facts = [device, gpus, weights, use, runtimeVersion(), ...driverFacts()];
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 32);
}

const about = z.object({
  // Earlier versions knew no other.
  precision: z.enum(PRECISIONS).default('float32'),
  model: z.string(),
  weights: z.string(),
  runtime: z.string(),
  at: z.iso.datetime(),
});
const schema = z.union([
  about.extend({
    proof: z.object({
      device: z.enum(DEVICE_NAMES),
      maxDifference: z.number(),
      meanDifference: z.number(),
      deviceSeconds: z.number().nonnegative(),
      cpuSeconds: z.number().nonnegative(),
    }),
  }),
  about.extend({ failure: z.string() }),
]);

/** null for none, and for what this version would not have written. */
async function readVerdict(path: string): Promise<KnownVerdict | null> {
  try {
    return schema.parse(JSON.parse((await readCached(path)) ?? ''));
  } catch {
    return null;
  }
}

function sentenceAfterColon(message: string): string {
  return message.slice(message.indexOf(': ') + 2);
}
