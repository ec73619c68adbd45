import { InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { type JobQueueing, parseHours } from '../../job/index.ts';

/** Flags of videos that say how their job behaves, not what it makes. */
export function jobFlags(): Option[] {
  const nice = (value: string): number => {
    if (!/^\d{1,2}$/.test(value) || Number(value) > 19)
      throw new InvalidArgumentError('It takes a number from 0 to 19.');
    return Number(value);
  };
  return [
    new Option('--nice <n>', 'video: 0 to 19, how much it yields to other programs').argParser(nice),
    new Option('--only <hours>', 'video: works in these hours alone, for example 22:00-07:00'),
    new Option('--on-done <command>', 'video: run by the shell when it is done or has failed'),
  ];
}

export const jobFlagShape = {
  nice: z.int().min(0).max(19).optional(),
  only: z.string().optional(),
  onDone: z.string().min(1).optional(),
};

type JobFlags = z.output<z.ZodObject<typeof jobFlagShape>>;

/** @throws UpreelError `usage` for hours that are none. */
export function queueingOf({ nice, only, onDone }: JobFlags): JobQueueing {
  if (only !== undefined) parseHours(only);
  return { nice: nice ?? 0, only: only ?? null, onDone: onDone ?? null };
}
