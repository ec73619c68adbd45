import type { SafeText } from '../safe-text.ts';

/**
 * What tells a person at another window that a job has ended: a desktop notification where the terminal is known to
 * show them, and the bell.
 */
export function notification(words: SafeText, env: Readonly<Record<string, string | undefined>>): string {
  return desktopNotification(words, env) + BELL;
}

const BELL = '\x07';

function desktopNotification(words: SafeText, env: Readonly<Record<string, string | undefined>>): string {
  // A multiplexer would take it for its own, or show it as text.
  if (env.TMUX || env.STY) return '';
  // A semicolon would begin another field.
  const plain = words.replaceAll(';', ',').slice(0, 200);
  if (env.KITTY_WINDOW_ID || env.TERM === 'xterm-kitty') return `\x1b]99;;upreel: ${plain}\x1b\\`;
  const program = env.TERM_PROGRAM ?? '';
  if (['iTerm.app', 'ghostty', 'WezTerm'].includes(program)) return `\x1b]9;upreel: ${plain}\x1b\\`;
  if (env.TERM?.startsWith('foot') || env.TERM?.startsWith('rxvt') || env.TERM === 'contour') {
    return `\x1b]777;notify;upreel;${plain}\x1b\\`;
  }
  return '';
}
