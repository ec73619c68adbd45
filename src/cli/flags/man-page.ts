import { EXIT_CODES } from '../../core/errors.ts';
import type { CommandNode, FlagNode } from '../completion/command-tree.ts';
import { COMMAND_GROUPS, EXAMPLES, FLAG_GROUPS } from './help-groups.ts';

/** upreel(1) in the man macros, made from the commands themselves. @see man(7) */
export function manPage(tree: readonly CommandNode[], version: string): string {
  const [program, ...commands] = tree;
  const flag = (name: string) => program!.flags.filter(({ names }) => names.includes(`--${name}`));
  const ordered = COMMAND_GROUPS.flatMap((group) => group.commands);
  const rank = ({ path }: CommandNode) => ordered.indexOf(path.split(' ')[0]!);
  return [
    `.TH UPREEL 1 "" "upreel ${escaped(version)}" "User Commands"`,
    ...['.SH NAME', 'upreel \\- upscales images and video with ESRGAN\\-family networks'],
    ...['.SH SYNOPSIS', '.B upreel', '[\\fIflags\\fR] \\fIINPUT\\fR...', '.br', '.B upreel'],
    '\\fICOMMAND\\fR [\\fIflags\\fR]',
    '.SH EXAMPLES',
    ...EXAMPLES.flatMap(([command, what]) => ['.TP', `.B ${escaped(command)}`, escaped(what)]),
    '.SH FLAGS',
    ...FLAG_GROUPS.flatMap(({ title, common, rest }) => [
      `.SS ${escaped(title)}`,
      ...[...common, ...rest].flatMap(flag).flatMap(flagEntry),
    ]),
    '.SH COMMANDS',
    ...commands
      .toSorted((a, b) => rank(a) - rank(b))
      .flatMap(({ path, description, flags }) => [
        `.SS upreel ${escaped(path)}`,
        escaped(description),
        ...flags.filter(({ names }) => !names.includes('--help')).flatMap(flagEntry),
      ]),
    '.SH EXIT STATUS',
    ...exitStatus(),
    '',
  ].join('\n');
}

function flagEntry({ names, description, value }: FlagNode): string[] {
  const shown = names.map((name) => `\\fB${escaped(name)}\\fR`).join(', ');
  const choices = value === null || typeof value === 'string' ? '' : ` (${value.join(', ')})`;
  return ['.TP', value === null ? shown : `${shown} \\fIvalue\\fR`, escaped(`${description}${choices}`)];
}

/** Error codes by the exit code that they share. */
function exitStatus(): string[] {
  const codes = [...new Set(Object.values(EXIT_CODES))].toSorted((a, b) => a - b);
  return codes.flatMap((code) => {
    const names = Object.entries(EXIT_CODES).filter(([, own]) => own === code);
    return ['.TP', `.B ${code}`, escaped(names.map(([name]) => name).join(', '))];
  });
}

/** A leading point or quote would be an order to the formatter, a plain hyphen another character. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/, '\\&');
}
