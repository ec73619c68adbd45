import { Text } from 'ink';
import { createContext, type ReactNode, useContext } from 'react';
import type { Look } from './look.ts';
import type { SafeText } from './safe-text.ts';

/** What a piece of text means; its colour is chosen here alone, apart for every kind of colour blindness. */
export type Tone = 'plain' | 'name' | 'faint' | 'good' | 'active' | 'caution' | 'bad';

export const LookContext = createContext<Look | null>(null);

export function useLook(): Look {
  const look = useContext(LookContext);
  if (look === null) throw new Error('Expected a LookContext above this component.');
  return look;
}

/** The only component that puts text on the screen: it takes nothing that is not safe. */
export function Words({ tone = 'plain', children }: { tone?: Tone; children: SafeText }): ReactNode {
  const { colour } = useLook();
  const style = colour ? STYLES[tone] : {};
  return (
    <Text wrap="truncate" {...style}>
      {children}
    </Text>
  );
}

/** The same for sentences, which may go on in the next row. */
export function Sentence({ tone = 'plain', children }: { tone?: Tone; children: SafeText }): ReactNode {
  const { colour } = useLook();
  return (
    <Text wrap="wrap" {...(colour ? STYLES[tone] : {})}>
      {children}
    </Text>
  );
}

/** The same for a terminal: select graphic rendition (ECMA-48 8.3.117) before, and its end after. */
export function styleText(words: SafeText, tone: Tone, hasColour: boolean): string {
  const code = CODES[tone];
  return code === '' || !hasColour ? words : `\x1b[${code}m${words}\x1b[0m`;
}

const CODES: Readonly<Record<Tone, string>> = {
  ...{ plain: '', name: '1', faint: '2', good: '36', active: '1;36', caution: '33', bad: '1;31' },
};

const STYLES = {
  plain: {},
  name: { bold: true },
  faint: { dimColor: true },
  good: { color: 'cyan' },
  active: { color: 'cyan', bold: true },
  caution: { color: 'yellow' },
  bad: { color: 'red', bold: true },
} as const satisfies Record<Tone, object>;
