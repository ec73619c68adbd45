import { safeText } from '../tui/index.ts';

/** Lines on standard output. Paths and names may hold anything: what could act on the terminal becomes visible. */
export function printText(text: string): void {
  const lines = text.split('\n').map((line) => safeText(line));
  console.log(lines.join('\n'));
}
