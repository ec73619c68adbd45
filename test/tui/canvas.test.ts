import { describe, expect, it } from 'vitest';
import { CellCanvas, type Terminal } from '../../src/tui/canvas.ts';

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

/** As Ink erases `lines` lines above and at the cursor. */
function eraseLines(lines: number): string {
  return `${Array.from({ length: lines }, () => '\x1b[2K').join('\x1b[1A')}\x1b[G`;
}

function openCanvas(): { terminal: RecordingTerminal; canvas: CellCanvas } {
  const terminal = new RecordingTerminal();
  return { terminal, canvas: new CellCanvas(terminal, { rewraps: true }) };
}

describe('Canvas', () => {
  it('makes one synchronized write of all that Ink writes in a turn', async () => {
    const { terminal, canvas } = openCanvas();
    canvas.write('one\n');
    canvas.write(eraseLines(2));
    canvas.write('above\n');
    canvas.write('one\n');
    await Promise.resolve();
    expect(terminal.writes).toEqual(['\x1b[?2026h\x1b[?25l\rabove\x1b[K\r\none\x1b[K\r\n\x1b[K\x1b[?2026l']);
  });

  it('climbs to the first line that changed and steps over those that did not', () => {
    const { terminal, canvas } = openCanvas();
    canvas.write('a\nb\nc\nd\n');
    canvas.flush();
    canvas.write(`${eraseLines(5)}a\nB\nc\nd\n`);
    canvas.flush();
    expect(terminal.writes[1]).toBe('\x1b[?2026h\r\x1b[3AB\x1b[K\r\n\r\n\r\n\x1b[?2026l');
  });

  it('writes nothing when nothing changed', () => {
    const { terminal, canvas } = openCanvas();
    canvas.write('a\n');
    canvas.flush();
    canvas.write(`${eraseLines(2)}a\n`);
    canvas.flush();
    expect(terminal.writes).toHaveLength(1);
  });

  it('climbs over the rows into which a narrower terminal has wrapped a line', () => {
    const { terminal, canvas } = openCanvas();
    canvas.write(`${'x'.repeat(70)}\nshort\n`);
    canvas.flush();
    terminal.columns = 30;
    canvas.write(`${eraseLines(3)}${'x'.repeat(20)}\nshort\n`);
    canvas.flush();
    // 70 columns in 30 are three rows, and "short" is one.
    expect(terminal.writes[1]).toContain(`\r\x1b[4A\x1b[J${'x'.repeat(20)}\r\nshort\r\n`);
  });

  it('never passes on what would clear the screen or the scroll-back', () => {
    const { terminal, canvas } = openCanvas();
    canvas.write('\x1b[2J\x1b[3J\x1b[Hafter\n');
    canvas.flush();
    expect(terminal.writes.join('')).not.toMatch(/\[2J|\[3J|\[H/);
    expect(terminal.writes.join('')).toContain('after');
  });

  it('shows the cursor when closed, once, and is silent after that', () => {
    const { terminal, canvas } = openCanvas();
    canvas.write('last\n');
    canvas.close();
    canvas.close();
    canvas.write('too late\n');
    canvas.flush();
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
