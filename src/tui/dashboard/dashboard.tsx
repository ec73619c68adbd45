import { useInput } from 'ink';
import { createContext, memo, type ReactNode, useContext, useLayoutEffect } from 'react';
import type { Look } from '../look.ts';
import { LookContext, styleText, useLook } from '../tone.tsx';
import type { FullScreen } from './full-screen.ts';
import type { Key } from './keys.ts';
import type { Line } from './line.ts';

export interface DashboardProps {
  readonly screen: FullScreen;
  readonly lines: readonly Line[];
  readonly look: Look;
  /** Null: there is no keyboard. */
  readonly onKey: ((key: Key) => void) | null;
  /** Called as the last thing when Ink takes the view down, whatever the reason. */
  readonly onGone: () => void;
}

const ScreenContext = createContext<FullScreen | null>(null);

/** Rows that are already measured, each put in its place on the screen when it changes. */
export function Dashboard({ screen, lines, look, onKey, onGone }: DashboardProps): ReactNode {
  useLayoutEffect(() => onGone, [onGone]);
  // After the rows' own effects.
  useLayoutEffect(() => screen.show(lines.length));
  return (
    <LookContext.Provider value={look}>
      <ScreenContext.Provider value={screen}>
        {onKey === null ? null : <Keys onKey={onKey} />}
        {lines.map((line, row) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is its place.
          <Row key={row} row={row} line={line} />
        ))}
      </ScreenContext.Provider>
    </LookContext.Provider>
  );
}

const Row = memo(
  ({ row, line }: { row: number; line: Line }): ReactNode => {
    const screen = useContext(ScreenContext);
    const { colour } = useLook();
    useLayoutEffect(() => {
      screen?.setRow(
        row,
        line
          .map((part) => styleText(part.text, part.tone, colour))
          .join('')
          .trimEnd(),
      );
    });
    return null;
  },
  (a, b) => a.row === b.row && sameLine(a.line, b.line),
);

function Keys({ onKey }: { onKey: (key: Key) => void }): ReactNode {
  useInput((input, key) => {
    // Keys that come fast come together; what begins like the rest of an escape sequence is one: a key without a name, or
    // the terminal's answer about its graphics, which comes late over a slow line.
    if (input.length < 2 || /^(?:\[|_G)/.test(input)) onKey({ ...key, input });
    else for (const letter of input) onKey({ ...key, ...keyOf(letter) });
  });
  return null;
}

function keyOf(letter: string): Key {
  if (letter === '\x03') return { input: 'c', ctrl: true };
  if (letter === '\r') return { input: '', return: true };
  return letter === '\x7f' ? { input: '', backspace: true } : { input: letter };
}

export function sameLine(a: Line, b: Line): boolean {
  return (
    a === b ||
    (a.length === b.length && a.every((part, index) => part.text === b[index]!.text && part.tone === b[index]!.tone))
  );
}
