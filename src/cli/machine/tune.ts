import { type Command, InvalidArgumentError, Option } from 'commander';
import { DEVICE_NAMES, type DeviceName } from '../../core/device-name.ts';
import { asUpreelError } from '../../core/errors.ts';
import type { TaskEvent } from '../../core/events.ts';
import { readCatalogue } from '../../core/model/index.ts';
import { AUTOMATIC_NETWORK } from '../../core/upscaler/network-settings.ts';
import { chooseDevice, tuneNetwork } from '../../engine/index.ts';
import { wholeNumber } from '../flags/measuring-flags.ts';
import { listenForInterrupts } from '../interrupt.ts';
import { printText } from '../print-text.ts';
import { reportPull } from '../report/report-pull.ts';
import { tuningText } from './tune-text.ts';

interface TuneFlags {
  readonly device: 'auto' | DeviceName;
  readonly threads?: number;
  readonly seconds: number;
  readonly json?: boolean;
}

/** Adds `upreel tune`. Its action throws UpreelError. */
export function addTuneCommand(program: Command): void {
  program
    .command('tune [model]')
    .description('measure which tiles, sessions and threads are fastest for a network here; later runs take them')
    .addOption(
      new Option('--device <name>', 'where the network runs').choices(['auto', ...DEVICE_NAMES]).default('auto'),
    )
    .option('--threads <n>', 'CPU threads to use; default: all', wholeNumber(1))
    .option('--seconds <n>', 'how long to measure', secondsFrom, 60)
    .option('--json', 'one JSON line')
    .action(async (model: string | undefined, _: unknown, command: Command) => {
      await tune(model ?? readCatalogue().default, command.optsWithGlobals<TuneFlags>());
    });
}

async function tune(model: string, { device: wanted, threads, seconds, json }: TuneFlags): Promise<void> {
  const interruption = listenForInterrupts();
  // There is nothing to drain: the first Ctrl-C ends it.
  const signal = AbortSignal.any([interruption.signal, interruption.drain]);
  try {
    const settings = { ...AUTOMATIC_NETWORK, model, device: wanted, threads: threads ?? null };
    const context = {
      signal,
      onEvent: (event: TaskEvent) => {
        if (event.type === 'pull') reportPull(event);
      },
    };
    const { device, precision, warnings } = await chooseDevice(settings, context);
    for (const warning of warnings) process.stderr.write(`upreel: ${warning}\n`);
    if (!json) process.stderr.write(`upreel: measuring ${model} on ${device} for up to ${seconds} s\n`);
    const tuning = await tuneNetwork({ ...settings, device, precision }, seconds, context);
    if (json) {
      const { measured, stored } = tuning;
      const { trials, left, usual } = measured;
      console.log(JSON.stringify({ v: 1, type: 'tune', ...stored, usual, trials, left }));
    } else printText(tuningText(tuning));
  } catch (error) {
    throw signal.aborted ? asUpreelError(signal.reason) : error;
  } finally {
    interruption.dispose();
  }
}

function secondsFrom(text: string): number {
  const seconds = Number(text);
  if (!/^\d+$/.test(text) || seconds < 5 || seconds > 3600) {
    throw new InvalidArgumentError('Expected seconds from 5 to 3600.');
  }
  return seconds;
}
