import type { DeviceName } from '../core/device-name.ts';
import type { SharedFilm, SharedStore } from '../store/index.ts';
import { chooseDevice } from './choose-device.ts';
import type { EngineNetwork } from './engine-protocol.ts';
import { sharedTask } from './shared-film-tasks.ts';

/** How a machine runs whatever network a film asks for. */
export type MachineNetwork = Pick<
  EngineNetwork,
  'precision' | 'gpus' | 'sessions' | 'threads' | 'tilePx' | 'memoryBytes'
> & {
  readonly device: DeviceName | 'auto';
};

/**
 * A shared film's network, on the device of this machine.
 * @throws UpreelError `usage`, `place-untrusted`, `device-unavailable`
 */
export async function filmNetwork(
  store: SharedStore,
  film: SharedFilm,
  machine: MachineNetwork,
  signal: AbortSignal,
): Promise<EngineNetwork> {
  const { network } = sharedTask(film);
  const model = film.checkpoint === null ? network.model : await store.fetch(film.checkpoint);
  const asked = { ...network, model, ...machine };
  const { device, precision } = await chooseDevice(asked, { signal, onEvent: () => {} });
  return { ...asked, device, precision };
}
