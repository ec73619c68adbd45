import { Box } from 'ink';
import type { ReactNode } from 'react';
import { type SafeText, safeText, text } from './safe-text.ts';
import { MAX_WARNING_ROWS, type SettledRow } from './state.ts';
import { doneSummary, pulledName } from './summary.ts';
import { columnsOf } from './text-columns.ts';
import { Sentence, type Tone, useLook, Words } from './tone.tsx';
import { bytes } from './wording.ts';

/** A row that stays above the running task and in the scroll-back. */
export function Settled({ row, columns }: { row: SettledRow; columns: number }): ReactNode {
  const { symbols, charset } = useLook();
  switch (row.type) {
    case 'done': {
      const summary = doneSummary(row.done, row.kind);
      const room = Math.max(12, columns - columnsOf(summary) - 4);
      const name = safeText(row.done.output, { charset, maxColumns: room });
      return <Marked symbol={symbols.done} tone="good" line={text`${name}: ${summary}`} columns={columns} />;
    }
    case 'failed': {
      const name = safeText(row.input, { charset, maxColumns: columns - 2 });
      const { message, hint } = row.error;
      return (
        <Box flexDirection="column" width={columns}>
          <Marked symbol={symbols.failed} tone="bad" line={name} columns={columns} />
          <Indented line={safeText(message, { charset })} />
          {hint === '' ? null : <Indented line={safeText(hint, { charset })} />}
        </Box>
      );
    }
    case 'warning':
      return (
        <Marked symbol={symbols.warning} tone="caution" line={safeText(row.message, { charset })} columns={columns} />
      );
    case 'warnings-hidden': {
      const line = text`More than ${MAX_WARNING_ROWS} different warnings: the others are only counted.`;
      return <Marked symbol={symbols.warning} tone="caution" line={line} columns={columns} />;
    }
    case 'pulled': {
      const model = safeText(row.model, { charset, maxColumns: Math.max(12, columns - 24) });
      const line = text`fetched ${pulledName(model)}, ${bytes(row.bytes)}`;
      return <Marked symbol={symbols.done} tone="good" line={line} columns={columns} />;
    }
  }
}

function Marked(props: { symbol: SafeText; tone: Tone; line: SafeText; columns: number }): ReactNode {
  return (
    <Box width={props.columns}>
      <Box width={2} flexShrink={0}>
        <Words tone={props.tone}>{props.symbol}</Words>
      </Box>
      <Sentence>{props.line}</Sentence>
    </Box>
  );
}

function Indented({ line }: { line: SafeText }): ReactNode {
  return (
    <Box paddingLeft={2}>
      <Sentence>{line}</Sentence>
    </Box>
  );
}
