import { render, useInput } from 'ink';
import { type ReactNode, useLayoutEffect } from 'react';

/** A key as Ink tells it. */
export interface Key {
  readonly input: string;
  readonly upArrow?: boolean;
  readonly downArrow?: boolean;
  readonly leftArrow?: boolean;
  readonly rightArrow?: boolean;
  readonly pageUp?: boolean;
  readonly pageDown?: boolean;
  readonly home?: boolean;
  readonly end?: boolean;
  readonly return?: boolean;
  readonly escape?: boolean;
  readonly backspace?: boolean;
  readonly delete?: boolean;
  readonly ctrl?: boolean;
  readonly meta?: boolean;
}

export interface KeyboardProps {
  /** Null: the keyboard is left alone, and Ctrl-C is the terminal's own signal. */
  readonly onKey: ((key: Key) => void) | null;
  /**
   * Called as the last thing when Ink ends, whatever the reason: it is closed, or the process ends or is terminated.
   */
  readonly onGone: () => void;
}

/**
 * Reads keys until closed. Ink is given nothing to draw: the views paint their rows themselves, because Ink composes
 * every cell of a frame again, clears the scroll-back of a view as high as the screen, and leaves remains where a
 * narrower terminal has wrapped rows.
 */
export function openKeyboard(
  terminal: { readonly stdin: NodeJS.ReadStream; readonly stdout: NodeJS.WriteStream },
  props: KeyboardProps,
): { close(): void } {
  const ink = render(<Keyboard {...props} />, {
    stdin: terminal.stdin,
    stdout: terminal.stdout,
    exitOnCtrlC: false,
    patchConsole: false,
    isScreenReaderEnabled: false,
    // Each frame as it is, which is empty: else a terminal that says to have no rows would be cleared.
    debug: true,
  });
  return { close: () => ink.unmount() };
}

function Keyboard({ onKey, onGone }: KeyboardProps): ReactNode {
  useLayoutEffect(() => onGone, [onGone]);
  return onKey === null ? null : <Keys onKey={onKey} />;
}

function Keys({ onKey }: { onKey: (key: Key) => void }): ReactNode {
  useInput((input, key) => {
    // Keys that come fast come together; what begins like the rest of an escape sequence is one: a key without a name,
    // or the terminal's answer about its graphics, which comes late over a slow line.
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
