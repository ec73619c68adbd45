import { Box, Text, useInput } from 'ink';
import { memo, type ReactNode, useLayoutEffect } from 'react';
import type { Look } from '../look.ts';
import { LookContext, Words } from '../tone.tsx';
import type { Key } from './keys.ts';
import type { Line } from './line.ts';

export interface DashboardProps {
  readonly lines: readonly Line[];
  readonly look: Look;
  /** Null: there is no keyboard. */
  readonly onKey: ((key: Key) => void) | null;
  /** Called as the last thing when Ink takes the view down, whatever the reason. */
  readonly onGone: () => void;
}

/** Rows that are already measured, one below the other. */
export function Dashboard({ lines, look, onKey, onGone }: DashboardProps): ReactNode {
  useLayoutEffect(() => onGone, [onGone]);
  return (
    <LookContext.Provider value={look}>
      {onKey === null ? null : <Keys onKey={onKey} />}
      <Box flexDirection="column" height={lines.length}>
        {lines.map((line, row) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is its place.
          <Row key={row} line={line} />
        ))}
      </Box>
    </LookContext.Provider>
  );
}

function Keys({ onKey }: { onKey: (key: Key) => void }): ReactNode {
  useInput((input, key) => {
    // Keys that come fast come together; what begins like the rest of an escape sequence is one.
    if (input.length < 2 || input.startsWith('[')) onKey({ ...key, input });
    else for (const letter of input) onKey({ ...key, ...keyOf(letter) });
  });
  return null;
}

function keyOf(letter: string): Key {
  if (letter === '\x03') return { input: 'c', ctrl: true };
  if (letter === '\r') return { input: '', return: true };
  return letter === '\x7f' ? { input: '', backspace: true } : { input: letter };
}

const Row = memo(
  ({ line }: { line: Line }): ReactNode => (
    <Box height={1} flexShrink={0}>
      <Text wrap="truncate">
        {line.map((part, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a part of a row is its place.
          <Words key={index} tone={part.tone}>
            {part.text}
          </Words>
        ))}
      </Text>
    </Box>
  ),
  (a, b) => sameLine(a.line, b.line),
);

export function sameLine(a: Line, b: Line): boolean {
  return (
    a === b ||
    (a.length === b.length && a.every((part, index) => part.text === b[index]!.text && part.tone === b[index]!.tone))
  );
}
