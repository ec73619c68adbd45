import type { Command } from 'commander';
import { hasWeights } from '../../core/model/index.ts';
import { type FlagValues, PRESETS, type Preset } from '../../library/index.ts';
import { safeText } from '../../tui/index.ts';
import { printText } from '../print-text.ts';
import { alignColumns } from '../table.ts';
import { twinOf } from '../upscale/denoise-twin.ts';
import { configPath, readConfigFile } from './config-file.ts';

/** Adds `upreel presets`: the bundles that --preset knows, upreel's own and the user's. */
export function addPresetsCommand(program: Command): void {
  program
    .command('presets')
    .description('bundles of model and settings for --preset, and what suits what')
    .option('--json', 'one JSON line per preset')
    .action(async (_, command: Command) => {
      const { presets: own } = await readConfigFile();
      const listed = Object.entries({ ...PRESETS, ...own });
      if (command.optsWithGlobals<{ json?: boolean }>().json === true) {
        for (const [name, preset] of listed) {
          const lacks = await lackedBy(preset);
          const isOwn = Object.hasOwn(own, name);
          console.log(JSON.stringify({ v: 1, type: 'preset', name, isOwn, ...preset, lacks }));
        }
        return;
      }
      const texts = await Promise.all(
        listed.map(async ([name, preset]) => presetText(name, preset, await lackedBy(preset))),
      );
      printText(texts.join('\n'));
      console.log(`Your own: [presets.NAME] in ${safeText(configPath())}`);
    });
}

/** Networks for a weaker denoise that are not on this machine. */
async function lackedBy({ both, pictures, video }: Preset): Promise<readonly string[]> {
  const twins = new Set([pictures, video].map((own) => twinOf({ ...both, ...own })));
  const lacked = [...twins].map(async (twin) => (twin === null || (await hasWeights(twin)) ? [] : [twin]));
  return (await Promise.all(lacked)).flat();
}

function presetText(name: string, preset: Preset, lacks: readonly string[]): string {
  const { suits, both, pictures, video } = preset;
  const rows = [
    ['', 'pictures', flagsText({ ...both, ...pictures })],
    ['', 'videos', flagsText({ ...both, ...video })],
    ...lacks.map((id) => ['', 'not here', `upreel models pull ${id} (with a network, once)`]),
  ];
  return `${name}: ${suits}\n${alignColumns(rows)}`;
}

/** As they would stand on the command line. */
function flagsText(values: FlagValues): string {
  const flags = Object.entries(values).map(([name, value]) => {
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (value === true) return flag;
    if (value === false) return flag.replace('--', '--no-');
    return `${flag} ${Array.isArray(value) ? value.join(' ') : String(value)}`;
  });
  return flags.length > 0 ? flags.join(' ') : 'nothing but the defaults';
}
