import type { Command } from 'commander';
import { addPartCommands } from './parts.ts';
import { addSubmitCommand } from './submit.ts';
import { addWorkerCommand } from './worker.ts';

export function addFleetCommands(program: Command): void {
  addSubmitCommand(program);
  addWorkerCommand(program);
  addPartCommands(program);
}
