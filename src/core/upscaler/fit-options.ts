import type { DeviceName } from '../device-name.ts';
import type { Model } from '../model/index.ts';
import { defaultMemoryBytes, type TileBudget, tileForBudget, type Work, wholeWindow } from '../tile/tile-size.ts';
import { type Layout, withLayout } from './layout.ts';
import { knownMemoryCost, measureMemoryCost, settledResidentBytes, writeForCpu } from './memory-cost.ts';
import { memoryNotice } from './memory-notice.ts';
import { type NetworkSettings, resolveUpscalerOptions } from './network-settings.ts';
import type { UpscalerOptions } from './open-upscaler.ts';

/**
 * How the network is opened: as the settings say, with a tile that fits the memory budget. On devices other than the
 * CPU, whose memory cannot be measured from here, the usual tile is taken, and running out of memory halves it. A
 * network of fixed size has nothing to fit.
 * @param measured the layout that `upreel tune` found for this network, if it did; its tile is kept within the budget.
 */
export async function fitUpscalerOptions(
  settings: NetworkSettings & { readonly device: DeviceName },
  model: Model,
  work: Work,
  context: { readonly signal: AbortSignal; readonly onWarning: (message: string) => void },
  measured: Layout | null = null,
): Promise<UpscalerOptions> {
  const withoutLayout = resolveUpscalerOptions(settings, model.descriptor, settings.device, work);
  const usual = withLayout(withoutLayout, settings, measured);
  const { fixedPx, seesAll } = model.descriptor;
  if (settings.tilePx !== null || settings.device !== 'cpu' || fixedPx !== null) return usual;
  const budget = await budgetFor(settings, model, usual, work, context.signal);
  // Not larger than what was found to be fastest.
  const mostPx = usual === withoutLayout ? Number.POSITIVE_INFINITY : usual.tilePx;
  const fitted: UpscalerOptions = {
    ...usual,
    tilePx: Math.min(mostPx, tileForBudget(budget)),
    whole: seesAll ? wholeWindow(budget) : null,
  };
  const notice = settings.memoryBytes === null ? null : memoryNotice(model.descriptor.id, budget, fitted.tilePx);
  if (notice !== null) context.onWarning(notice);
  return fitted;
}

/** What the windows of a network may take on the CPU. */
export async function budgetFor(
  settings: NetworkSettings,
  model: Model,
  options: UpscalerOptions,
  work: Work,
  signal: AbortSignal,
): Promise<TileBudget> {
  const known = await knownMemoryCost(model, options);
  // The first time, weights are held until the network is written: they are no part of what will run beside it.
  if (known === null) await writeForCpu(model);
  // Before the measurement, whose arena may not be given back.
  const engineBytes = await settledResidentBytes();
  const measured = known ?? (await measureMemoryCost(model, options, signal));
  const ensembleBytes = options.ensemble ? ENSEMBLE_BYTES * model.descriptor.scale ** 2 : 0;
  const cost = { ...measured, bytesPerPixel: measured.bytesPerPixel + ensembleBytes };
  const memoryBytes = settings.memoryBytes ?? defaultMemoryBytes(model.descriptor, work, process.availableMemory());
  const { gridPx } = model.descriptor;
  return { ...options, gridPx, memoryBytes, engineBytes, cost };
}

/** For each result pixel: sums of 32 bit, the average, and samples of 16 instead of 8 bit. */
const ENSEMBLE_BYTES = 3 * (4 + 1 + 1);
