import { hostname } from 'node:os';
import type { Command } from 'commander';
import type { MachineNetwork } from '../../engine/index.ts';
import { readFlagLayers } from '../flags/flag-layers.ts';
import { networkSettings, upscaleFlags } from '../flags/upscale-options.ts';

/** How a network runs on this machine, as for `upreel INPUT...`. */
const MACHINE_FLAGS = new Set(['device', 'precision', 'gpu', 'tile', 'memory', 'threads']);

export function addMachineOptions(command: Command): void {
  for (const flag of upscaleFlags()) if (MACHINE_FLAGS.has(flag.attributeName())) command.addOption(flag);
}

/** Flags over what the configuration says of videos. @throws UpreelError `usage`. */
export async function machineNetwork(flags: Readonly<Record<string, unknown>>): Promise<MachineNetwork> {
  const own = Object.entries(flags).filter(([name]) => MACHINE_FLAGS.has(name));
  const layers = await readFlagLayers(Object.fromEntries(own));
  const { device, precision, gpus, sessions, threads, tilePx, memoryBytes } = networkSettings(layers.flagsFor('video'));
  return { device, precision, gpus, sessions, threads, tilePx, memoryBytes };
}

/** Which no other worker has. */
export function ownWorkerName(): string {
  return `${hostname()}-${process.pid}`;
}
