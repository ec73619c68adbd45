import type { CommandNode, FlagNode, WordKind } from './command-tree.ts';
import { quoted } from './quoted.ts';

/** A completion function for zsh: as `_upreel` in a folder of $fpath, or `source <(upreel completion zsh)`. */
export function zshScript(tree: readonly CommandNode[]): string {
  const steps = tree.flatMap(({ path, commands }) =>
    commands.map(({ name }) => `      ${quoted(`${path} ${name}`)}) path_=${quoted(`${path} ${name}`.trim())} ;;`),
  );
  const parts = tree.map(({ path, flags, commands, argument }) => {
    const words = commands.map(({ name, description }) => `      ${quoted(`${name}:${plain(description)}`)}`);
    const kind = argument === null ? '' : ` ${quoted(`*: :${action(argument)}`)}`;
    const specs = flags.flatMap(specsOf).map((spec) => `      ${spec}`);
    const offer = words.length === 0 ? [] : ['      commands=(', ...words, '      )'];
    return [`    ${quoted(path)})`, ...offer, `      specs=(`, ...specs, `      ${kind.trim()})`, '      ;;'].join(
      '\n',
    );
  });
  return `#compdef upreel
# zsh completion for upreel
_upreel() {
  local word path_='' previous=$words[CURRENT-1]
  local -a specs commands
  for word in $words[2,CURRENT-1]; do
    case "$path_ $word" in
${steps.join('\n')}
    esac
  done
  case "$path_" in
${parts.join('\n')}
  esac
  # A command is the first word, or the first behind its own.
  if (( $#commands )) && [[ $PREFIX != -* ]] && { (( CURRENT == 2 )) || [[ $previous == \${path_##* } ]] }; then
    _describe command commands
  fi
  _arguments -s $specs
}
_upreel_listed() {
  local -a listed=(\${(f)"$(upreel completion $1 2>/dev/null)"})
  compadd "\${@:2}" -a listed
}
_upreel_jobs() { _upreel_listed jobs "$@" }
_upreel_presets() { _upreel_listed presets "$@" }
_upreel_models() {
  _upreel_listed models "$@"
  _files
}
if [[ $funcstack[1] == _upreel ]]; then _upreel "$@"; else compdef _upreel upreel; fi
`;
}

function specsOf({ names, description, value }: FlagNode): string[] {
  const others = names.length > 1 ? `(${names.join(' ')})` : '';
  const what = value === null ? '' : `: :${action(value)}`;
  return names.map((name) => quoted(`${others}${name}[${plain(description)}]${what}`));
}

function action(kind: WordKind): string {
  if (typeof kind !== 'string') return `(${kind.join(' ')})`;
  return ACTIONS[kind];
}

const ACTIONS: Readonly<Record<Exclude<WordKind, readonly string[]>, string>> = {
  file: '_files',
  text: ' ',
  job: '_upreel_jobs',
  preset: '_upreel_presets',
  model: '_upreel_models',
};

/** Without what _arguments and _describe take for their own. */
function plain(text: string): string {
  return text.replaceAll(/[[\]:\\]/g, ' ').replaceAll('  ', ' ');
}
