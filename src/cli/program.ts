import { Command, Help, Option } from 'commander';
import { ownVersion } from '../core/files/own-files.ts';
import { addCommands } from './commands.ts';
import { type HelpExtent, MIN_WRAP_WIDTH, programHelp } from './flags/help-text.ts';
import { upscaleFlags } from './flags/upscale-options.ts';

/** `upreel` with the commands that these words may mean. It throws CommanderError instead of leaving. */
export async function buildProgram(words: readonly string[]): Promise<Command> {
  let extent: HelpExtent = 'common';
  const program: Command = new Command('upreel')
    .description('Upscales images and video with ESRGAN-family networks.')
    .version(ownVersion(), '-v, --version', 'which upreel this is')
    .argument('[input...]', 'pictures, videos, or folders of them')
    .exitOverride()
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .helpOption('-h, --help', 'this help')
    .helpCommand('help [command]', 'what a command does, and its flags')
    .configureHelp({
      minWidthToWrap: MIN_WRAP_WIDTH,
      formatHelp(command: Command, helper: Help): string {
        if (command === program) return programHelp(program, helper, extent);
        return new Help().formatHelp.call(helper, command, helper);
      },
    });
  for (const flag of upscaleFlags()) program.addOption(flag);
  program.addOption(new Option('--help-all', 'every flag'));
  program.on('option:help-all', () => {
    extent = 'all';
    program.help();
  });
  // As earlier versions had it.
  program
    .addOption(new Option('-V', 'as -v').hideHelp())
    .on('option:V', () => program.parse(['--version'], { from: 'user' }));
  program.action(async (inputs: string[], flags: Record<string, unknown>) => {
    if (inputs.length === 0) program.help({ error: true });
    const { runUpscale } = await import('./upscale/upscale.ts');
    process.exitCode = await runUpscale(inputs, flags);
  });
  await addCommands(program, words);
  return program;
}
