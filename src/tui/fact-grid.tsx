import { Box } from 'ink';
import type { ReactNode } from 'react';
import type { Fact } from './summary.ts';
import { Words } from './tone.tsx';

/** Facts side by side, as many as the width has room for, read row by row. */
export function FactGrid({ facts, columns }: { facts: readonly Fact[]; columns: number }): ReactNode {
  const perRow = factColumns(columns);
  const width = Math.floor((columns - 2) / perRow);
  const rows = Array.from({ length: Math.ceil(facts.length / perRow) }, (_, row) =>
    facts.slice(row * perRow, (row + 1) * perRow),
  );
  return (
    <Box flexDirection="column" paddingLeft={2}>
      {rows.map((row) => (
        <Box key={row[0]?.label}>
          {row.map((fact) => (
            <Box key={fact.label} width={width}>
              <Box width={LABEL_COLUMNS} flexShrink={0}>
                <Words tone="faint">{fact.label}</Words>
              </Box>
              <Words>{fact.value}</Words>
            </Box>
          ))}
        </Box>
      ))}
    </Box>
  );
}

/** How many facts stand side by side. */
export function factColumns(columns: number): number {
  return Math.max(1, Math.floor((columns - 2) / FACT_COLUMNS));
}

/** "time left" and a space. */
const LABEL_COLUMNS = 11;
/** A label and "12,340,000 of 43,200,000". */
const FACT_COLUMNS = 37;
