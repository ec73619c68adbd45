import { Argument, type Command } from 'commander';
import { listModels } from '../../core/model/index.ts';
import { PRESETS } from '../../library/index.ts';
import { readConfigFile } from '../flags/config-file.ts';
import { list, withFeed } from '../jobs/jobs.ts';
import { bashScript } from './bash.ts';
import { commandTree } from './command-tree.ts';
import { fishScript } from './fish.ts';
import { zshScript } from './zsh.ts';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript };
/** Words that the scripts ask for while one types. */
const LISTS: Readonly<Record<string, () => Promise<readonly string[]>>> = {
  jobs: () => withFeed({}, async (feed) => list(feed).map(({ id }) => id)),
  models: async () => (await listModels()).map(({ id }) => id),
  presets: async () => Object.keys({ ...PRESETS, ...(await readConfigFile()).presets }),
};

/** Adds `upreel completion SHELL`, which prints a script made from the commands themselves. */
export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .description('completes commands, flags and names in bash, zsh or fish: source <(upreel completion bash)')
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices([...Object.keys(SCRIPTS), ...Object.keys(LISTS)]))
    .action(async (what: string) => {
      if (what in SCRIPTS) {
        process.stdout.write(SCRIPTS[what as keyof typeof SCRIPTS](commandTree(program)));
        return;
      }
      const words = await LISTS[what]!();
      // Shells expand the words that they are given: only such as mean themselves.
      for (const word of words.filter((text) => /^[\w][\w.+-]*$/.test(text))) console.log(word);
    });
}
