import type { Command, Option } from 'commander';

/** What may stand where a word is expected. */
export type WordKind = 'file' | 'job' | 'model' | 'preset' | 'text' | readonly string[];

export interface FlagNode {
  /** "--device", and "-m" where there is one. */
  readonly names: readonly string[];
  readonly description: string;
  /** null: it takes no value. */
  readonly value: WordKind | null;
}

/** A command as shells complete it. */
export interface CommandNode {
  /** "", "jobs", "models pull" */
  readonly path: string;
  readonly description: string;
  readonly flags: readonly FlagNode[];
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  /** Of its arguments; the last goes on for further ones. */
  readonly argument: WordKind | null;
}

/** The program and all its commands, from the outermost inwards. */
export function commandTree(program: Command): readonly CommandNode[] {
  return nodesFrom(program, '');
}

function nodesFrom(command: Command, path: string): CommandNode[] {
  const helper = command.createHelp();
  const below = helper.visibleCommands(command).filter((child) => child.name() !== 'help' || path === '');
  const [argument] = command.registeredArguments.toReversed();
  return [
    {
      path,
      description: command.description(),
      flags: helper.visibleOptions(command).map(flagNode),
      commands: below.map((child) => ({ name: child.name(), description: child.description() })),
      argument: argument === undefined ? null : (argument.argChoices ?? ARGUMENTS[argument.name()] ?? 'file'),
    },
    ...below.flatMap((child) => nodesFrom(child, `${path} ${child.name()}`.trim())),
  ];
}

const ARGUMENTS: Readonly<Record<string, WordKind>> = { job: 'job', id: 'model', model: 'model', command: 'text' };

function flagNode(option: Option): FlagNode {
  const names = [option.short, option.long].filter((name) => name !== undefined);
  const takes = option.required || option.optional;
  const value = option.argChoices ?? VALUES[option.attributeName()] ?? 'text';
  return { names, description: option.description, value: takes ? value : null };
}

const VALUES: Readonly<Record<string, WordKind>> = {
  output: 'file',
  sound: 'file',
  report: 'file',
  workDir: 'file',
  profile: 'file',
  reference: 'file',
  model: 'model',
  models: 'model',
  preset: 'preset',
};
