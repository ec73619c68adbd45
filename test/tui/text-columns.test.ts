import { describe, expect, it } from 'vitest';
import { columnsOf, wrappedRows } from '../../src/tui/text-columns.ts';

describe('columnsOf', () => {
  it.each([
    ['', 0],
    ['plain', 5],
    ['全角', 4],
    ['é', 1],
    ['e\u0301', 1],
    ['😀', 2],
    // One picture in some terminals, two in others: the wider reading counts.
    ['👍🏽', 4],
    ['🇨🇭', 2],
  ])('counts %j as %i', (line, columns) => {
    expect(columnsOf(line)).toBe(columns);
  });
});

describe('wrappedRows', () => {
  it.each([
    ['', 10, 1],
    ['0123456789', 10, 1],
    ['0123456789a', 10, 2],
    // A wide character does not straddle the edge.
    ['全全全全全全', 5, 3],
  ])('finds that %j in %i columns fills %i rows', (line, columns, rows) => {
    expect(wrappedRows(line, columns)).toBe(rows);
  });
});
