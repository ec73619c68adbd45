import { UpreelError } from '../../core/errors.ts';
import type { TaskEvent } from '../../core/events.ts';
import { locateWeights, readCatalogue } from '../../core/model/index.ts';
import type { InputKind } from '../flags/flag-reach.ts';
import { presetOf, type UpscaleFlags } from '../flags/upscale-options.ts';

/** The network that a weaker denoise needs beside the model; null: none. */
export function twinOf({ model, denoise }: { readonly model?: unknown; readonly denoise?: unknown }): string | null {
  if (denoise === undefined || denoise === 1) return null;
  return readCatalogue().models.find(({ id }) => id === model)?.twin ?? null;
}

/**
 * Gets what a weaker denoise needs, before any work.
 * @throws UpreelError `model-missing` or `model-download-failed`, saying who needs it and what does without it.
 */
export async function requireTwin(
  flags: UpscaleFlags,
  kind: InputKind,
  { signal, onEvent }: { readonly signal: AbortSignal; readonly onEvent: (event: TaskEvent) => void },
): Promise<void> {
  const twin = twinOf(flags);
  if (twin === null) return;
  try {
    await locateWeights(twin, { signal, onPull: (pull) => onEvent({ type: 'pull', ...pull }) });
  } catch (error) {
    if (!(error instanceof UpreelError) || !NOT_TO_BE_HAD.has(error.code)) throw error;
    const preset = presetOf(flags);
    const who = preset === null ? `--denoise ${flags.denoise}` : `--preset ${preset} (--denoise ${flags.denoise})`;
    const instead = kind === 'image' ? '--preset photo is nearest to it' : '--denoise 1 is the same network alone';
    throw new UpreelError(error.code, `${who} needs the network ${twin}, which cannot be had here. ${error.message}`, {
      hint:
        `Fetch it where there is a network (upreel models pull ${twin}) and let UPREEL_MODELS name a folder with its ` +
        `files here. Without it, ${instead}.`,
      cause: error,
    });
  }
}

const NOT_TO_BE_HAD: ReadonlySet<string> = new Set(['model-missing', 'model-download-failed']);
