import type { CommandNode, WordKind } from './command-tree.ts';
import { quoted } from './quoted.ts';

/** A completion script for bash 4 and newer: `source <(upreel completion bash)`. */
export function bashScript(tree: readonly CommandNode[]): string {
  const steps = tree.flatMap(({ path, commands }) =>
    commands.map(({ name }) => `      ${quoted(`${path} ${name}`)}) command=${quoted(`${path} ${name}`.trim())} ;;`),
  );
  const values = tree.flatMap(({ path, flags }) =>
    flags.flatMap(({ names, value }) =>
      value === null
        ? []
        : [`    ${names.map((name) => quoted(`${path} ${name}`)).join('|')}) ${reply(value)}; return ;;`],
    ),
  );
  const words = tree.map(({ path, flags, commands, argument }) => {
    const names = flags.flatMap((flag) => flag.names.filter((name) => name.startsWith('--'))).join(' ');
    const first = commands.map(({ name }) => name).join(' ');
    return `    ${quoted(path)}) flags=${quoted(names)} commands=${quoted(first)}; arguments() { ${argument === null ? ':' : reply(argument)}; } ;;`;
  });
  return `# bash completion for upreel: source <(upreel completion bash)
_upreel() {
  local word command='' flags='' commands='' cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$command $word" in
${steps.join('\n')}
    esac
  done
  case "$command $prev" in
${values.join('\n')}
  esac
  case "$command" in
${words.join('\n')}
  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$cur"))
    return
  fi
  arguments
  # A command is the first word, or the first behind its own.
  [[ -n $commands && ( $COMP_CWORD -eq 1 || $prev == "\${command##* }" ) ]] &&
    COMPREPLY+=($(compgen -W "$commands" -- "$cur"))
}
complete -o filenames -o bashdefault -F _upreel upreel
`;
}

function reply(kind: WordKind): string {
  const words = typeof kind === 'string' ? WORDS[kind] : `compgen -W ${quoted(kind.join(' '))} -- "$cur"`;
  return words === '' ? ':' : `mapfile -t COMPREPLY < <(${words})`;
}

const listed = (what: string): string => `compgen -W "$(upreel completion ${what} 2>/dev/null)" -- "$cur"`;
const WORDS: Readonly<Record<Exclude<WordKind, readonly string[]>, string>> = {
  file: 'compgen -f -- "$cur"',
  text: '',
  job: listed('jobs'),
  preset: listed('presets'),
  model: `${listed('models')}; compgen -f -- "$cur"`,
};
