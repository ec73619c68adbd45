import type { SafeText } from './safe-text.ts';

/** What a piece of text means; its colour is chosen here alone, apart for every kind of colour blindness. */
export type Tone = 'plain' | 'name' | 'faint' | 'good' | 'active' | 'caution' | 'bad';

/** For a terminal: select graphic rendition (ECMA-48 8.3.117) before, and its end after. */
export function styleText(words: SafeText, tone: Tone, hasColour: boolean): string {
  const style = STYLES[tone];
  return style === '' || !hasColour || words === '' ? words : `${style}${words}\x1b[0m`;
}

const BOLD = '\x1b[1m';
const [RED, YELLOW, CYAN] = ['\x1b[31m', '\x1b[33m', '\x1b[36m'];

const STYLES: Readonly<Record<Tone, string>> = {
  plain: '',
  name: BOLD,
  faint: '\x1b[2m',
  good: CYAN,
  active: BOLD + CYAN,
  caution: YELLOW,
  bad: BOLD + RED,
};
