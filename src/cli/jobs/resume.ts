import { type Command, Option } from 'commander';
import { concealed, enterFolder, hasEnded, type JobSpec, jobRunning, readSpec, untilJob } from '../../job/index.ts';
import { addFleetOptions, type FleetFlags, namesFleet } from '../fleet-commands/address.ts';
import { runCommand } from '../upscale/run-command.ts';
import { find, withFeed } from './jobs.ts';
import { jobLine, lookHere } from './jobs-text.ts';

/** `upreel resume JOB`: goes on with a video that was paused, or interrupted, as the command that began it would. */
export function addResumeCommand(program: Command): void {
  addFleetOptions(program.command('resume <job>').alias('retry'))
    .description('go on with a paused or unfinished video: its id, its folder (OUTPUT.upreel) or its output')
    .addOption(
      new Option('--on-decode-error <what>', 'conceal: go on over damage, and tell of it').choices(['fail', 'conceal']),
    )
    .option('--verify <how>', 'full: read everything again to see that nothing has changed', 'sampled')
    .option('--json', 'one JSON object per line on standard output')
    .option('--no-tui', 'plain lines instead of the live view')
    .option('--foreground', 'stay attached until the work is done, for scripts')
    .option('--verbose', 'show the causes of errors')
    .action(async (name: string, flags: FleetFlags & Record<string, unknown>) => {
      process.exitCode = namesFleet(flags)
        ? await resumeFilm(name, flags)
        : ((await endPause(name)) ?? (await goOn(name, flags)));
    });
}

function resumeFilm(name: string, flags: FleetFlags): Promise<number> {
  return withFeed(flags, async (feed) => {
    const { id } = await find(feed, name);
    await feed.act(id, 'resume');
    process.stdout.write(`${jobLine(await untilJob(feed, id, () => true), lookHere())}\n`);
    return 0;
  });
}

/** @returns null if the job is not paused. */
function endPause(name: string): Promise<number | null> {
  return withFeed({}, async (feed) => {
    const job = await find(feed, name).catch(() => null);
    if (job === null || job.state !== 'paused') return null;
    await feed.act(job.id, 'resume');
    const now = await untilJob(feed, job.id, ({ state }) => state !== 'paused');
    process.stdout.write(`${jobLine(now, lookHere())}\n`);
    return 0;
  });
}

function goOn(name: string, flags: Record<string, unknown>): Promise<number> {
  return runCommand(flags, 1, async () => {
    const spec = await withFeed({}, async (feed) => {
      const job = await find(feed, name);
      if (!hasEnded(job)) throw jobRunning(job.output, job.id);
      return readSpec(job.id);
    });
    enterFolder(spec.cwd);
    const { settings } = spec.task.request;
    const task = verified(spec, flags.verify === 'full');
    return {
      tasks: [flags.onDecodeError === 'conceal' ? concealed(task) : task],
      stallSeconds: settings.stallSeconds,
      queueing: spec.queueing,
    };
  });
}

function verified({ task }: JobSpec, isFull: boolean): JobSpec['task'] {
  if (!isFull) return task;
  return { ...task, request: { ...task.request, settings: { ...task.request.settings, verify: 'full' } } };
}
