import type { Command } from 'commander';
import { findTask } from '../job/index.ts';
import { runCommand } from './run-command.ts';

/** `upreel resume JOB`: goes on with a video that was interrupted, as the command that began it would. */
export function addResumeCommand(program: Command): void {
  program
    .command('resume <job>')
    .description('go on with an unfinished video: name its folder (OUTPUT.upreel) or its output')
    .option('--verify <how>', 'full: read everything again to see that nothing has changed', 'sampled')
    .option('--json', 'one JSON object per line on standard output')
    .option('--no-tui', 'plain lines instead of the live view')
    .option('--verbose', 'show the causes of errors')
    .action(async (name: string, flags: Record<string, unknown>) => {
      process.exitCode = await runCommand(flags, 1, async () => {
        const { task, cwd } = await findTask(name);
        // Names in the task may be relative to where it was begun.
        process.chdir(cwd);
        const settings = {
          ...task.request.settings,
          restart: false,
          ...(flags.verify === 'full' && { verify: 'full' as const }),
        };
        return { tasks: [{ ...task, request: { ...task.request, settings } }], stallSeconds: settings.stallSeconds };
      });
    });
}
