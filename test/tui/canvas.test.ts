import { describe, expect, it } from 'vitest';
import { CellCanvas } from '../../src/tui/canvas.ts';
import { line, type PaintedRow, paintLine } from '../../src/tui/line.ts';
import { safeText } from '../../src/tui/safe-text.ts';
import type { Terminal } from '../../src/tui/terminal.ts';

class RecordingTerminal implements Terminal {
  columns = 80;
  rows = 24;
  readonly writes: string[] = [];
  write(data: string): boolean {
    this.writes.push(data);
    return true;
  }
  on(): void {}
  off(): void {}
}

function openCanvas(): { terminal: RecordingTerminal; canvas: CellCanvas } {
  const terminal = new RecordingTerminal();
  return { terminal, canvas: new CellCanvas(terminal, { rewraps: true }) };
}

function rows(...texts: string[]): readonly PaintedRow[] {
  return texts.map((text) => paintLine(line(safeText(text)), false));
}

describe('Canvas', () => {
  it('makes one synchronized write of what is settled and what moves', () => {
    const { terminal, canvas } = openCanvas();
    canvas.show(rows('above'), rows('one'));
    expect(terminal.writes).toEqual(['\x1b[?2026h\x1b[?25l\rabove\x1b[K\r\none\x1b[K\r\n\x1b[K\x1b[?2026l']);
  });

  it('climbs to the first row that changed and steps over those that did not', () => {
    const { terminal, canvas } = openCanvas();
    canvas.show([], rows('a', 'b', 'c', 'd'));
    canvas.show([], rows('a', 'B', 'c', 'd'));
    expect(terminal.writes[1]).toBe('\x1b[?2026h\r\x1b[3AB\x1b[K\r\n\r\n\r\n\x1b[?2026l');
  });

  it('paints what moves below what has settled in its place', () => {
    const { terminal, canvas } = openCanvas();
    canvas.show([], rows('a', 'b'));
    canvas.show(rows('done'), rows('a', 'b'));
    canvas.show([], rows('a', 'B'));
    expect(terminal.writes[1]).toContain('\r\x1b[2Adone\x1b[K\r\na\x1b[K\r\nb\x1b[K\r\n');
    // The settled row is climbed over no more.
    expect(terminal.writes[2]).toContain('\r\x1b[1AB\x1b[K\r\n');
  });

  it('writes nothing when nothing changed', () => {
    const { terminal, canvas } = openCanvas();
    canvas.show([], rows('a'));
    canvas.show([], rows('a'));
    expect(terminal.writes).toHaveLength(1);
  });

  it('climbs over the rows into which a narrower terminal has wrapped a row', () => {
    const { terminal, canvas } = openCanvas();
    canvas.show([], rows('x'.repeat(70), 'short'));
    terminal.columns = 30;
    canvas.show([], rows('x'.repeat(20), 'short'));
    // 70 columns in 30 are three rows, and "short" is one.
    expect(terminal.writes[1]).toContain(`\r\x1b[4A\x1b[J${'x'.repeat(20)}\r\nshort\r\n`);
  });

  it('never clears the screen or the scroll-back, however low the terminal has become', () => {
    const { terminal, canvas } = openCanvas();
    canvas.show([], rows('a', 'b', 'c', 'd'));
    terminal.rows = 3;
    canvas.show([], rows('a', 'after'));
    expect(terminal.writes.join('')).not.toMatch(/\[2J|\[3J|\[H/);
    expect(terminal.writes.join('')).toContain('after');
  });

  it('shows the cursor when closed, once, and is silent after that', () => {
    const { terminal, canvas } = openCanvas();
    canvas.show([], rows('last'));
    canvas.close();
    canvas.close();
    canvas.show([], rows('too late'));
    expect(terminal.writes).toHaveLength(2);
    expect(terminal.writes[0]).toContain('last');
    expect(terminal.writes[1]).toBe('\x1b[?25h');
  });

  it('leaves a terminal alone on which nothing was drawn', () => {
    const { terminal, canvas } = openCanvas();
    canvas.close();
    expect(terminal.writes).toEqual([]);
  });
});
