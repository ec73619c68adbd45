import type { Duplex } from 'node:stream';
import { UpreelError } from '../core/errors.ts';
import type { TaskEvent } from '../core/events.ts';
import { SMALLEST_TILE_PX } from '../core/tile/tile-size.ts';
import { AUTOMATIC_NETWORK, type NetworkSettings } from '../core/upscaler/network-settings.ts';
import {
  chooseDevice,
  type DeviceChoice,
  type EngineClient,
  EngineDied,
  type PixelTask,
  type RowsNotice,
  startEngine,
} from '../engine/index.ts';
import type { UpscaleRequest } from './protocol.ts';

/** One engine process that stays up between jobs, with the last network open; replaced when it has died. */
export interface WarmEngine {
  /**
   * Runs one job. Once `started` was told, the pixels are to be written to `pixels`; after each `onRows` so many bytes
   * are to be read from it. An abort ends the engine.
   */
  run(request: UpscaleRequest & { readonly model: string }, context: EngineContext): Promise<void>;
  close(): Promise<void>;
}

export interface EngineContext {
  readonly signal: AbortSignal;
  readonly onEvent: (event: TaskEvent, pixels: Duplex) => void;
  readonly onRows: (rows: RowsNotice, pixels: Duplex) => void;
}

export function openWarmEngine(): WarmEngine {
  let engine: EngineClient | null = startEngine();
  const choices = new Map<string, DeviceChoice>();
  /** Largest tile that a network may have, once one proved too large for the memory there is. */
  const ceilingsPx = new Map<string, number>();

  async function run(request: UpscaleRequest & { readonly model: string }, context: EngineContext): Promise<void> {
    const settings = settingsOf(request, ceilingsPx.get(request.model) ?? null);
    const used = engine?.alive ? engine : startEngine();
    engine = used;
    const onEvent = (event: TaskEvent): void => context.onEvent(event, used.pixels);
    const { device, precision } = await deviceFor(settings, { signal: context.signal, onEvent });
    try {
      await used.run(
        { kind: 'pixels', network: { ...settings, device, precision }, request: taskOf(request) },
        { signal: context.signal, onEvent, onRows: (rows) => context.onRows(rows, used.pixels) },
      );
    } catch (error) {
      // The pixels are gone with the engine: the client has to send them again, and meets smaller tiles then.
      if (!context.signal.aborted && mayBeMemory(error)) {
        ceilingsPx.set(
          request.model,
          Math.max(SMALLEST_TILE_PX, (used.tile?.tilePx ?? settings.tilePx ?? UNKNOWN_TILE_PX) >> 1),
        );
      }
      throw error;
    }
  }

  async function deviceFor(
    settings: NetworkSettings,
    context: { readonly signal: AbortSignal; readonly onEvent: (event: TaskEvent) => void },
  ): Promise<DeviceChoice> {
    const key = `${settings.device} ${settings.model}`;
    const choice = choices.get(key) ?? (await chooseDevice(settings, context));
    choices.set(key, choice);
    for (const message of choice.warnings) context.onEvent({ type: 'warning', code: 'device', message });
    return choice;
  }

  return {
    run,
    async close() {
      await engine?.close();
      engine = null;
    },
  };
}

/** What is taken for the tile of an engine that died before it told. */
const UNKNOWN_TILE_PX = 128;

function settingsOf(
  { model, device, tile, denoise, ensemble }: UpscaleRequest & { model: string },
  ceilingPx: number | null,
): NetworkSettings {
  const tilePx = ceilingPx === null ? (tile ?? null) : Math.min(ceilingPx, tile ?? ceilingPx);
  return { ...AUTOMATIC_NETWORK, model, device, tilePx, ensemble, denoise: denoise ?? null };
}

function taskOf({ width, height, channels, depth, target, strength }: UpscaleRequest): PixelTask {
  return {
    source: { width, height },
    channels,
    depth,
    strength,
    target: targetOf(target),
  };
}

function targetOf(target: UpscaleRequest['target']): PixelTask['target'] {
  if (target === undefined) return { kind: 'native' };
  if ('scale' in target) return { kind: 'scale', scale: target.scale };
  const { width, height, exact } = target;
  return { kind: exact ? 'exact' : 'size', size: { width, height } };
}

function mayBeMemory(error: unknown): boolean {
  if (error instanceof EngineDied) return !error.wasKilled;
  return error instanceof UpreelError && (error.code === 'out-of-memory' || error.code === 'engine-died');
}
