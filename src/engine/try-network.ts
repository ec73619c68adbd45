import type { TaskEvent } from '../core/events.ts';
import type { Size } from '../core/pixels/geometry.ts';
import { againAfterKill } from './after-kill.ts';
import { type EngineClient, startEngine } from './engine-client.ts';
import type { EngineNetwork } from './engine-protocol.ts';

/** RGB, 8 bits, rows without padding. */
export interface RgbPixels extends Size {
  readonly rgb: Uint8Array;
}

export interface NetworkTrial {
  readonly result: RgbPixels;
  /** For the picture, with the network open and warm. */
  readonly seconds: number;
  /** As it was chosen. */
  readonly device: string;
}

/**
 * Runs one picture through a network in an engine of its own, and takes the time: the second time, when everything is
 * warm, unless the first took long.
 * @throws UpreelError what the network's loading and running throw.
 */
export function tryNetwork(picture: RgbPixels, network: EngineNetwork, context: TrialContext): Promise<NetworkTrial> {
  return againAfterKill(() => tryOnce(picture, network, context));
}

async function tryOnce(picture: RgbPixels, network: EngineNetwork, context: TrialContext): Promise<NetworkTrial> {
  const engine = startEngine();
  // An engine that dies says so through `run`.
  engine.pixels.on('error', () => undefined);
  try {
    const first = await runOnce(engine, picture, network, context);
    if (first.seconds > LONG_SECONDS) return first;
    const second = await runOnce(engine, picture, network, context);
    return { ...second, seconds: Math.min(first.seconds, second.seconds) };
  } finally {
    await engine.close();
  }
}

const LONG_SECONDS = 20;

interface TrialContext {
  readonly signal: AbortSignal;
  readonly onEvent: (event: TaskEvent) => void;
}

async function runOnce(
  engine: EngineClient,
  { width, height, rgb }: RgbPixels,
  network: EngineNetwork,
  context: TrialContext,
): Promise<NetworkTrial> {
  const { pixels } = engine;
  const parts: Buffer[] = [];
  let beganAt = 0;
  let seconds = 0;
  let target: Size = { width: 0, height: 0 };
  let device: string = network.device;
  const onEvent = (event: TaskEvent): void => {
    context.onEvent(event);
    if (event.type === 'done') seconds = (performance.now() - beganAt) / 1000;
    if (event.type !== 'started') return;
    ({ target, device } = event);
    beganAt = performance.now();
    pixels.write(rgb);
  };
  const take = (part: Buffer): void => void parts.push(part);
  pixels.on('data', take);
  try {
    const request = {
      ...({ source: { width, height }, channels: 3, depth: 'u8', strength: 1, ensemble: false } as const),
      target: { kind: 'native' } as const,
    };
    await engine.run({ kind: 'pixels', network, request }, { signal: context.signal, onEvent });
    const bytes = target.width * target.height * 3;
    await untilTaken(parts, bytes, context.signal);
    return { result: { ...target, rgb: Buffer.concat(parts).subarray(0, bytes) }, seconds, device };
  } finally {
    pixels.off('data', take);
  }
}

/** The last rows may come a moment after the word that they are there. */
async function untilTaken(parts: readonly Buffer[], bytes: number, signal: AbortSignal): Promise<void> {
  while (parts.reduce((sum, part) => sum + part.byteLength, 0) < bytes) {
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
