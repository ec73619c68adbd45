import { createRequire } from 'node:module';
import { Command, Help, Option } from 'commander';
import { addCompletionCommand } from './completion/index.ts';
import { addDoctorCommand } from './doctor.ts';
import { addEditorCommands } from './editors.ts';
import { addEvaluationCommands } from './evaluation.ts';
import { type HelpExtent, programHelp } from './help-text.ts';
import { addJobCommands } from './jobs.ts';
import { addModelsCommand } from './models.ts';
import { addPresetsCommand } from './presets-command.ts';
import { addPreviewCommand } from './preview.ts';
import { addResumeCommand } from './resume.ts';
import { addServeCommand } from './serve.ts';
import { runUpscale } from './upscale.ts';
import { upscaleFlags } from './upscale-options.ts';

const { version } = createRequire(import.meta.url)('upreel/package.json') as { version: string };

/** `upreel` with all its commands. It throws CommanderError instead of leaving. */
export function buildProgram(): Command {
  let extent: HelpExtent = 'common';
  const program: Command = new Command('upreel')
    .description('Upscales images and video with ESRGAN-family networks.')
    .version(version, '-v, --version', 'which upreel this is')
    .argument('[input...]', 'pictures, videos, or folders of them')
    .exitOverride()
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .helpOption('-h, --help', 'this help')
    .helpCommand('help [command]', 'what a command does, and its flags')
    .configureHelp({
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
    process.exitCode = await runUpscale(inputs, flags);
  });
  addModelsCommand(program);
  addPresetsCommand(program);
  addJobCommands(program);
  addPreviewCommand(program);
  addResumeCommand(program);
  addEvaluationCommands(program);
  addServeCommand(program, version);
  addEditorCommands(program);
  addDoctorCommand(program);
  addCompletionCommand(program);
  return program;
}
