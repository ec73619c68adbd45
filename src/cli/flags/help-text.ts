import type { Command, Help, Option } from 'commander';
import { COMMAND_GROUPS, EXAMPLES, FLAG_GROUPS } from './help-groups.ts';

/** How much of the flags is shown. */
export type HelpExtent = 'common' | 'all';

const INDENT = 2;
/** Of flags with their values; longer ones have a line of their own. */
const TERM_WIDTH = 24;
/** Descriptions are wrapped at this where the terminal leaves less. */
export const MIN_WRAP_WIDTH = 20;
/** More of them are told by --help-all alone. */
const FEW_CHOICES = 8;

/** What `upreel --help` or `--help-all` says: flags by groups, commands in short. */
export function programHelp(program: Command, helper: Help, extent: HelpExtent): string {
  const blocks = [
    [
      'Usage: upreel [flags] INPUT...      pictures, videos, or folders of them',
      '       upreel COMMAND [flags]       upreel help COMMAND tells of each',
    ],
    EXAMPLES.map(([command, what]) => `${' '.repeat(INDENT)}${command.padEnd(42)}${what}`),
    ...FLAG_GROUPS.map(({ title, common, rest }) => {
      const names = extent === 'all' ? [...common, ...rest] : common;
      return names.length === 0
        ? []
        : [title, ...names.map((name) => flagLine(optionNamed(program, name), helper, extent))];
    }),
    ['Commands', ...COMMAND_GROUPS.map(({ title, commands }) => row(commands.join(', '), title, helper, 46))],
  ];
  if (extent === 'common') blocks.push(['Every flag: upreel --help-all. Documents: docs/ beside the README.']);
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

/** @throws Error for a name that no flag has: a fault of ours, which a test would find. */
export function optionNamed(program: Command, name: string): Option {
  const found = program
    .createHelp()
    .visibleOptions(program)
    .find(({ long }) => long === `--${name}`);
  if (found === undefined) throw new Error(`There is no flag --${name}.`);
  return found;
}

function flagLine(option: Option, helper: Help, extent: HelpExtent): string {
  const { argChoices = [] } = option;
  const isTold = argChoices.length > 0 && (extent === 'all' || argChoices.length <= FEW_CHOICES);
  const choices = isTold ? ` (${argChoices.join(', ')})` : '';
  return row(option.flags, `${option.description}${choices}`, helper, TERM_WIDTH);
}

/** A term and its description, which goes on below itself. */
function row(term: string, description: string, helper: Help, termWidth: number): string {
  const margin = INDENT + termWidth + 2;
  const room = Math.max(MIN_WRAP_WIDTH, (helper.helpWidth ?? 80) - margin);
  const lines = helper.boxWrap(description, room).split('\n');
  const head = ' '.repeat(INDENT) + term.padEnd(termWidth);
  const first = term.length > termWidth ? [head] : [`${head}  ${lines.shift() ?? ''}`];
  return [...first, ...lines.map((line) => ' '.repeat(margin) + line)].join('\n');
}
