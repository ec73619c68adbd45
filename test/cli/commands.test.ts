import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { addCommands, COMMANDS } from '../../src/cli/commands.ts';

const namesOf = (program: Command) => program.commands.flatMap((command) => [command.name(), ...command.aliases()]);

describe('the commands', () => {
  test('are all listed under the names that they are loaded for', async () => {
    for (const [names, add] of COMMANDS) {
      const program = new Command();
      await add(program);
      expect([...names].sort()).toEqual(namesOf(program).sort());
    }
  });

  test.each([[[]], [['--help']], [['jobs', '-h']], [['help']]])('are all there for help: %j', async (words) => {
    const program = new Command();
    await addCommands(program, words);
    expect(namesOf(program).sort()).toEqual(COMMANDS.flatMap(([names]) => names).sort());
  });

  test('are not loaded for inputs', async () => {
    const program = new Command();
    await addCommands(program, ['a.png', '-o', 'b.png', '--json']);
    expect(namesOf(program)).toEqual([]);
  });
});
