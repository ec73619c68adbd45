#!/usr/bin/env node
import './cli/last-words.ts';
import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { addDoctorCommand } from './cli/doctor.ts';
import { addEditorCommands } from './cli/editors.ts';
import { errorText } from './cli/error-text.ts';
import { addEvaluationCommands } from './cli/evaluation.ts';
import { addJobCommands } from './cli/jobs.ts';
import { addModelsCommand } from './cli/models.ts';
import { addPresetsCommand } from './cli/presets-command.ts';
import { addPreviewCommand } from './cli/preview.ts';
import { addResumeCommand } from './cli/resume.ts';
import { addServeCommand } from './cli/serve.ts';
import { runUpscale } from './cli/upscale.ts';
import { upscaleFlags } from './cli/upscale-options.ts';
import { EXIT_CODES, toErrorRecord, UpreelError } from './core/errors.ts';

const { version } = createRequire(import.meta.url)('upreel/package.json') as { version: string };

function buildProgram(): Command {
  const program = new Command('upreel')
    .description('Upscales images and video with ESRGAN-family networks.')
    .version(version)
    .argument('[input...]', 'pictures, videos, or folders of them')
    .exitOverride()
    .enablePositionalOptions()
    .showSuggestionAfterError();
  for (const flag of upscaleFlags()) program.addOption(flag);
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
  return program;
}

try {
  await buildProgram().parseAsync();
} catch (error) {
  process.exitCode = error instanceof CommanderError ? usageExit(error) : reportError(error);
}

/** Commander has told people; programs that asked for JSON lines get their last record too. */
function usageExit(error: CommanderError): number {
  if (error.exitCode === 0) return 0;
  if (process.argv.includes('--json')) {
    const { code, message, hint } = toErrorRecord(
      new UpreelError('usage', error.message, { hint: 'See upreel --help.' }),
    );
    process.stdout.write(`${JSON.stringify({ v: 1, type: 'exit', code: 2, error: { code, message, hint } })}\n`);
  }
  return 2;
}

function reportError(error: unknown): number {
  const record = toErrorRecord(error);
  process.stderr.write(errorText(record, { verbose: process.argv.includes('--verbose') }));
  return EXIT_CODES[record.code];
}
