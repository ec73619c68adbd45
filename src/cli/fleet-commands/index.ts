import type { Command } from 'commander';
import { addPartCommands } from './parts.ts';
import { addSubmitCommand } from './submit.ts';
import { addWorkerCommand } from './worker.ts';
import { addWorkersCommand } from './workers.ts';

export function addFleetCommands(program: Command): void {
  addSubmitCommand(program);
  addWorkerCommand(program);
  addWorkersCommand(program);
  addPartCommands(program);
}
