import { homedir } from 'node:os';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { checkPlugIn, findGimpProfiles, installPlugIn, uninstallPlugIn } from '../../bridge/gimp/index.ts';
import { defaultStateFile } from '../../bridge/index.ts';
import {
  checkKritaPlugIn,
  findKritaFolders,
  installKritaPlugIn,
  uninstallKritaPlugIn,
} from '../../bridge/krita/index.ts';
import type { Finding, PlugInConfig, Surroundings } from '../../bridge/plug-in/index.ts';
import { UpreelError } from '../../core/errors.ts';
import { ownFile } from '../../core/files/own-files.ts';

/** A folder that an editor keeps its user's settings in. */
interface Place {
  readonly folder: string;
  readonly kind: string;
}

/** An editor that there is a plug-in for. */
interface Editor<P extends Place> {
  readonly command: string;
  readonly name: string;
  readonly menu: string;
  /** What a user still has to do after the installation. */
  readonly next: string;
  /** What its settings folder is called, and how to find it. */
  readonly place: string;
  readonly placeHint: string;
  readonly given: (folder: string) => P;
  readonly find: (surroundings: Surroundings) => Promise<P[]>;
  readonly install: (places: readonly P[], config: PlugInConfig) => Promise<string[]>;
  readonly uninstall: (places: readonly P[]) => Promise<string[]>;
  readonly check: (place: P) => Promise<Finding[]>;
}

const GIMP = {
  command: 'gimp',
  name: 'GIMP 3',
  menu: 'Filters > Enhance > Upscale',
  place: 'profile',
  next: 'Start GIMP again: the plug-in is under Filters > Enhance > Upscale.',
  placeHint: 'name the folder above the one in Preferences > Folders > Plug-ins with --profile',
  given: (folder: string) => ({ folder, kind: 'given' }) as const,
  find: findGimpProfiles,
  install: installPlugIn,
  uninstall: uninstallPlugIn,
  check: checkPlugIn,
};

const KRITA = {
  command: 'krita',
  name: 'Krita 5',
  menu: 'Tools > Scripts > Upscale',
  place: 'resource folder',
  next: 'In Krita: Settings > Configure Krita > Python Plugin Manager, switch upreel on, and start Krita again.',
  placeHint: 'name the folder of Settings > Manage Resources > Open Resource Folder with --profile',
  given: (folder: string) => ({ folder, kind: 'given' }) as const,
  find: findKritaFolders,
  install: installKritaPlugIn,
  uninstall: uninstallKritaPlugIn,
  check: checkKritaPlugIn,
};

/** Adds `upreel gimp install | uninstall | check`, and the same for Krita. */
export function addEditorCommands(program: Command): void {
  addCommands(program, GIMP);
  addCommands(program, KRITA);
}

interface PlugInFlags {
  readonly profile?: string;
  readonly stateFile: string;
}

function addCommands<P extends Place>(program: Command, editor: Editor<P>): void {
  const { name, place } = editor;
  const commands = program.command(editor.command).description(`the plug-in for ${name}: ${editor.menu}`);
  const profileFlag = ['--profile <dir>', `a ${place} of ${name}; default: every one that is found`] as const;

  commands
    .command('install')
    .description(`put the plug-in where ${name} looks for it, or bring it up to date`)
    .option(...profileFlag)
    .option('--state-file <file>', 'where the service tells the plug-in how to reach it', defaultStateFile())
    .action(async ({ profile, stateFile }: PlugInFlags) => {
      const config = { node: process.execPath, cli: cliPath(), stateFile: resolve(stateFile) };
      const folders = await editor.install(await placesFor(editor, profile), config);
      for (const folder of folders) print(`Installed in ${folder}`);
      print(`It starts upreel with ${config.node} ${config.cli}`);
      print(editor.next);
    });

  commands
    .command('uninstall')
    .description('take the plug-in out again')
    .option(...profileFlag)
    .action(async ({ profile }: PlugInFlags) => {
      const removed = await editor.uninstall(await placesFor(editor, profile));
      for (const folder of removed) print(`Removed ${folder}`);
      if (removed.length === 0) print(`The plug-in is in no ${place} of ${name}.`);
    });

  commands
    .command('check')
    .description('say whether the plug-in will work, and what to do if not')
    .option(...profileFlag)
    .action(async ({ profile }: PlugInFlags) => {
      let wrong = 0;
      for (const each of await placesFor(editor, profile)) {
        print(`${each.folder} (${each.kind}):`);
        for (const { what, mend } of await editor.check(each)) {
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

async function placesFor<P extends Place>(editor: Editor<P>, given: string | undefined): Promise<P[]> {
  if (given !== undefined) return [editor.given(resolve(given))];
  const found = await editor.find({ platform: process.platform, home: homedir(), env: process.env });
  if (found.length > 0) return found;
  throw new UpreelError('input-missing', `No ${editor.place} of ${editor.name} was found.`, {
    hint: `Start ${editor.name} once, or ${editor.placeHint}.`,
  });
}

function cliPath(): string {
  return ownFile('dist/cli.js');
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
