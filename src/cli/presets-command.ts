import type { Command } from 'commander';
import { safeText } from '../tui/index.ts';
import { configPath, readConfig } from './config-file.ts';
import { alignColumns } from './models-text.ts';
import { type FlagValues, PRESETS, type Preset } from './presets.ts';
import { printText } from './print-text.ts';

/** Adds `upreel presets`: the bundles that --preset knows, upreel's own and the user's. */
export function addPresetsCommand(program: Command): void {
  program
    .command('presets')
    .description('bundles of model and settings for --preset, and what suits what')
    .option('--json', 'one JSON line per preset')
    .action(async (_, command: Command) => {
      const { presets: own } = await readConfig();
      const listed = Object.entries({ ...PRESETS, ...own });
      if (command.optsWithGlobals<{ json?: boolean }>().json === true) {
        for (const [name, preset] of listed) {
          console.log(JSON.stringify({ v: 1, type: 'preset', name, isOwn: Object.hasOwn(own, name), ...preset }));
        }
        return;
      }
      printText(presetsText(listed));
      console.log(`Your own: [presets.NAME] in ${safeText(configPath())}`);
    });
}

function presetsText(presets: readonly (readonly [string, Preset])[]): string {
  return presets
    .map(([name, { suits, both, pictures, video }]) => {
      const rows = [
        ['', 'pictures', flagsText({ ...both, ...pictures })],
        ['', 'videos', flagsText({ ...both, ...video })],
      ];
      return `${name}: ${suits}\n${alignColumns(rows)}`;
    })
    .join('\n');
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
