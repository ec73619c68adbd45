import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import {
  checkPlugIn,
  findGimpProfiles,
  type GimpProfile,
  installPlugIn,
  uninstallPlugIn,
} from '../bridge/gimp/index.ts';
import { defaultStateFile } from '../bridge/index.ts';
import { UpreelError } from '../core/errors.ts';

interface GimpFlags {
  readonly profile?: string;
  readonly stateFile: string;
}

/** Adds `upreel gimp install | uninstall | check`. */
export function addGimpCommand(program: Command): void {
  const gimp = program.command('gimp').description('the plug-in for GIMP 3: Filters > Enhance > Upscale');
  const profileFlag = ['--profile <dir>', 'a GIMP 3 profile folder; default: every one that is found'] as const;

  gimp
    .command('install')
    .description('put the plug-in into your GIMP 3 profiles, or bring it up to date')
    .option(...profileFlag)
    .option('--state-file <file>', 'where the service tells the plug-in how to reach it', defaultStateFile())
    .action(async ({ profile, stateFile }: GimpFlags) => {
      const config = { node: process.execPath, cli: cliPath(), stateFile: resolve(stateFile) };
      const folders = await installPlugIn(await profilesFor(profile), config);
      for (const folder of folders) print(`Installed in ${folder}`);
      print(`It starts upreel with ${config.node} ${config.cli}`);
      print('Start GIMP again: the plug-in is under Filters > Enhance > Upscale.');
    });

  gimp
    .command('uninstall')
    .description('take the plug-in out of your GIMP 3 profiles')
    .option(...profileFlag)
    .action(async ({ profile }: GimpFlags) => {
      const removed = await uninstallPlugIn(await profilesFor(profile));
      for (const folder of removed) print(`Removed ${folder}`);
      if (removed.length === 0) print('The plug-in is in none of your GIMP 3 profiles.');
    });

  gimp
    .command('check')
    .description('say whether the plug-in will work, and what to do if not')
    .option(...profileFlag)
    .action(async ({ profile }: GimpFlags) => {
      let wrong = 0;
      for (const each of await profilesFor(profile)) {
        print(`${each.folder} (${each.kind}):`);
        for (const { what, mend } of await checkPlugIn(each)) {
          print(mend === null ? `  ok     ${what}` : `  wrong  ${what}\n         ${mend}`);
          if (mend !== null) wrong += 1;
        }
      }
      if (wrong > 0) {
        throw new UpreelError('verification-failed', `${wrong} thing${wrong === 1 ? ' is' : 's are'} not right.`, {
          hint: 'See above for what to do.',
        });
      }
    });
}

async function profilesFor(given: string | undefined): Promise<GimpProfile[]> {
  if (given !== undefined) return [{ folder: resolve(given), kind: 'given' }];
  const found = await findGimpProfiles({ platform: process.platform, home: homedir(), env: process.env });
  if (found.length > 0) return found;
  throw new UpreelError('input-missing', 'No profile of GIMP 3 was found.', {
    hint: 'Start GIMP 3 once, or name the folder above the one in Preferences > Folders > Plug-ins with --profile.',
  });
}

function cliPath(): string {
  return fileURLToPath(new URL('../cli.js', import.meta.url));
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
