import type { CommandNode, FlagNode, WordKind } from './command-tree.ts';
import { quoted } from './quoted.ts';

/** Completions for fish: `upreel completion fish > ~/.config/fish/completions/upreel.fish`. */
export function fishScript(tree: readonly CommandNode[]): string {
  const steps = tree.flatMap(({ path, commands }) =>
    commands.map(
      ({ name }) => `            case ${quoted(`${path} ${name}`)}; set path ${quoted(`${path} ${name}`.trim())}`,
    ),
  );
  const lines = tree.flatMap(({ path, flags, commands, argument }) => {
    const here = `complete -c upreel -n ${quoted(`test (__upreel_path) = ${path === '' ? '""' : `"${path}"`}`)}`;
    return [
      ...commands.map(({ name, description }) => `${here} -f -a ${quoted(name)} -d ${quoted(description)}`),
      ...flags.map((flag) => `${here} ${flagOf(flag)} -d ${quoted(flag.description)}`),
      ...(argument === null ? [`${here} -f`] : [`${here} ${wordsOf(argument)}`]),
    ];
  });
  return `# fish completion for upreel
function __upreel_path
    set -l path ''
    for word in (commandline -opc)[2..]
        switch "$path $word"
${steps.join('\n')}
        end
    end
    echo $path
end
${lines.join('\n')}
`;
}

function flagOf({ names, value }: FlagNode): string {
  const parts = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  return [...parts, ...(value === null ? [] : ['-r', wordsOf(value)])].join(' ');
}

function wordsOf(kind: WordKind): string {
  if (typeof kind !== 'string') return `-f -a ${quoted(kind.join(' '))}`;
  return WORDS[kind];
}

const listed = (what: string): string => quoted(`(upreel completion ${what} 2>/dev/null)`);
const WORDS: Readonly<Record<Exclude<WordKind, readonly string[]>, string>> = {
  file: '-F',
  text: '-f',
  job: `-f -a ${listed('jobs')}`,
  preset: `-f -a ${listed('presets')}`,
  model: `-F -a ${listed('models')}`,
};
