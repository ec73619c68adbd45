import { Box, Static, useInput } from 'ink';
import { type ReactNode, useLayoutEffect } from 'react';
import { Bar } from './bar.tsx';
import type { Look } from './look.ts';
import { type SafeText, safeText, text } from './safe-text.ts';
import { Settled } from './settled-row.tsx';
import type { PullNews, ViewState } from './state.ts';
import { pulledName } from './summary.ts';
import { TaskPanel } from './task-panel.tsx';
import { LookContext, useLook, Words } from './tone.tsx';
import { bytes, plural } from './wording.ts';

export interface AppProps {
  readonly state: ViewState;
  readonly look: Look;
  readonly columns: number;
  /** Rows for what moves; must be fewer than the terminal has. */
  readonly maxRows: number;
  /** Called for q and Ctrl-C; null: keys are left alone, and Ctrl-C is the terminal's own signal. */
  readonly onInterrupt: (() => void) | null;
  /** Called as the last thing when Ink takes the view down, whatever the reason. */
  readonly onGone: () => void;
}

/** The whole view: settled rows above, the running task (or what else is going on) below. */
export function App({ state, look, columns, maxRows, onInterrupt, onGone }: AppProps): ReactNode {
  useLayoutEffect(() => onGone, [onGone]);
  return (
    <LookContext.Provider value={look}>
      {onInterrupt === null ? null : <Keys onInterrupt={onInterrupt} />}
      <Static items={[...state.settled]}>{(row, index) => <Settled key={index} row={row} columns={columns} />}</Static>
      <Moving state={state} columns={columns} maxRows={maxRows} help={helpLine(state, onInterrupt !== null)} />
    </LookContext.Provider>
  );
}

function Keys({ onInterrupt }: { onInterrupt: () => void }): ReactNode {
  useInput((input, key) => {
    if (input === 'q' || input === 'Q' || (key.ctrl && input === 'c')) onInterrupt();
  });
  return null;
}

interface MovingProps {
  readonly state: ViewState;
  readonly columns: number;
  readonly maxRows: number;
  readonly help: SafeText | null;
}

function Moving({ state, columns, maxRows, help }: MovingProps): ReactNode {
  const { current, pull, end } = state;
  if (current !== null) {
    return (
      <TaskPanel
        task={current}
        inputsTotal={state.inputsTotal}
        warnings={state.warnings}
        hasRowsAbove={state.settled.length > 0}
        isOver={end !== null}
        columns={columns}
        maxRows={maxRows}
        help={help}
      />
    );
  }
  if (pull !== null) return <PullRow pull={pull} columns={columns} />;
  if (end === null) return help === null ? null : <Words tone="faint">{help}</Words>;
  return <Summary state={state} />;
}

function PullRow({ pull, columns }: { pull: PullNews; columns: number }): ReactNode {
  const { symbols, charset } = useLook();
  const total = pull.bytesTotal > 0 ? pull.bytesTotal : null;
  const amount = total === null ? bytes(pull.bytesDone) : text`${bytes(pull.bytesDone)} of ${bytes(total)}`;
  const half = Math.max(8, Math.floor((columns - 24) / 2));
  const model = safeText(pull.model, { charset, maxColumns: half });
  const from = safeText(pull.from, { charset, maxColumns: half });
  return (
    <Box flexDirection="column" width={columns}>
      <Box>
        <Words tone="active">{text`${symbols.running} `}</Words>
        <Words>{text`fetching ${pulledName(model)} from ${from}`}</Words>
      </Box>
      <Box paddingLeft={2} gap={2}>
        <Bar fraction={total === null ? null : pull.bytesDone / total} columns={Math.max(4, columns - 26)} />
        <Words>{amount}</Words>
      </Box>
    </Box>
  );
}

/** One line about all inputs; a single one has said everything in its own row. */
function Summary({ state }: { state: ViewState }): ReactNode {
  const { symbols } = useLook();
  const inputs = state.inputsDone + state.inputsFailed;
  if (inputs < 2) return null;
  const isGood = state.inputsFailed === 0 && state.end?.code === 0;
  const line = text`${plural(inputs, text`input`, text`inputs`)}: ${state.inputsDone} done, ${state.inputsFailed} failed`;
  return <Words tone={isGood ? 'good' : 'caution'}>{text`${isGood ? symbols.done : symbols.stopped} ${line}`}</Words>;
}

function helpLine(state: ViewState, hasKeys: boolean): SafeText | null {
  if (state.end !== null) return null;
  if (state.interrupts > 0) return text`Stopping. Press Ctrl-C again to stop at once.`;
  // Before there is work here, it is not known whether there will be: films go to jobs of their own, which q leaves running.
  if (state.current === null) return null;
  return hasKeys ? text`q or Ctrl-C stops` : null;
}
