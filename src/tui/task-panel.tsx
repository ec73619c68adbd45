import { Box } from 'ink';
import type { ReactNode } from 'react';
import type { Stage } from '../core/events.ts';
import { Bar } from './bar.tsx';
import { FactGrid, factColumns } from './fact-grid.tsx';
import { type SafeText, safeText, text } from './safe-text.ts';
import { fitSections } from './sections.ts';
import { type CurrentTask, fractionDone } from './state.ts';
import { type StageRate, stageName, stageRates, stagesOf, taskFacts } from './summary.ts';
import { columnsOf } from './text-columns.ts';
import { type Tone, useLook, Words } from './tone.tsx';
import { percent, pictureSize } from './wording.ts';

export interface TaskPanelProps {
  readonly task: CurrentTask;
  readonly inputsTotal: number | null;
  readonly warnings: number;
  readonly hasRowsAbove: boolean;
  /** The run has ended with this task unfinished. */
  readonly isOver: boolean;
  readonly columns: number;
  readonly maxRows: number;
  /** What the keys do; null without keys. */
  readonly help: SafeText | null;
}

type SectionName =
  | 'gap-above-heading'
  | 'heading'
  | 'model'
  | 'output'
  | 'stages'
  | 'gap-above-bar'
  | 'bar'
  | 'gap-below-bar'
  | 'facts'
  | 'rates'
  | 'gap-above-help'
  | 'help';

/** The running task, as much of it as the terminal has rows for. */
export function TaskPanel(props: TaskPanelProps): ReactNode {
  const { task, columns } = props;
  const facts = taskFacts(task, props.warnings, props.isOver);
  const rates = props.isOver || task.progress === null ? [] : stageRates(task.progress, columns - 2);
  const sections = fitSections<SectionName>(
    [
      { name: 'gap-above-heading', rows: props.hasRowsAbove ? 1 : 0, rank: 11 },
      { name: 'heading', rows: 1, rank: 0 },
      { name: 'model', rows: 1, rank: 5 },
      { name: 'output', rows: 1, rank: 6 },
      { name: 'stages', rows: 1, rank: 3 },
      { name: 'gap-above-bar', rows: 1, rank: 10 },
      { name: 'bar', rows: 1, rank: 0 },
      { name: 'gap-below-bar', rows: 1, rank: 9 },
      { name: 'facts', rows: Math.ceil(facts.length / factColumns(columns)), rank: 2 },
      { name: 'rates', rows: rates.length > 0 ? 1 : 0, rank: 4 },
      { name: 'gap-above-help', rows: props.help === null ? 0 : 1, rank: 8 },
      { name: 'help', rows: props.help === null ? 0 : 1, rank: 7 },
    ],
    props.maxRows,
  );
  const draw: Record<SectionName, () => ReactNode> = {
    'gap-above-heading': () => <Gap key="gap-above-heading" isThere={props.hasRowsAbove} />,
    heading: () => <Heading key="heading" {...props} />,
    model: () => <ModelRow key="model" {...props} />,
    output: () => <OutputRow key="output" {...props} />,
    stages: () => <StageRow key="stages" {...props} />,
    'gap-above-bar': () => <Gap key="gap-above-bar" />,
    bar: () => <ProgressRow key="bar" {...props} />,
    'gap-below-bar': () => <Gap key="gap-below-bar" />,
    facts: () => <FactGrid key="facts" facts={facts} columns={columns} />,
    rates: () => <RateRow key="rates" rates={rates} />,
    'gap-above-help': () => <Gap key="gap-above-help" isThere={props.help !== null} />,
    help: () => (props.help === null ? null : <HelpRow key="help" line={props.help} />),
  };
  return (
    <Box flexDirection="column" width={columns}>
      {sections.map((name) => draw[name]())}
    </Box>
  );
}

function Gap({ isThere = true }: { isThere?: boolean }): ReactNode {
  return isThere ? <Box height={1} /> : null;
}

function Heading({ task, inputsTotal, isOver, columns }: TaskPanelProps): ReactNode {
  const { symbols, charset } = useLook();
  const place = inputsTotal !== null && inputsTotal > 1 ? text`${task.number} of ${inputsTotal}  ` : text``;
  // The name comes last: nothing is thrown out of line if the terminal draws it wider or narrower than reckoned.
  const name = safeText(task.started.input, { charset, maxColumns: Math.max(1, columns - 2 - place.length) });
  return (
    <Box>
      <Words tone={isOver ? 'caution' : 'active'}>{text`${isOver ? symbols.stopped : symbols.running} `}</Words>
      <Words tone="faint">{place}</Words>
      <Words tone="name">{name}</Words>
    </Box>
  );
}

function ModelRow({ task, columns }: TaskPanelProps): ReactNode {
  const { symbols, charset } = useLook();
  const { source, target } = task.started;
  const device = safeText(task.started.device, { charset, maxColumns: 24 });
  const rest = text` on ${device}, ${pictureSize(source)} ${symbols.arrow} ${pictureSize(target)}`;
  const model = safeText(task.started.model, { charset, maxColumns: Math.max(1, columns - 2 - columnsOf(rest)) });
  return <Words>{text`  ${model}${rest}`}</Words>;
}

function OutputRow({ task, columns }: TaskPanelProps): ReactNode {
  const { charset } = useLook();
  const output = safeText(task.started.output, { charset, maxColumns: Math.max(1, columns - 5) });
  return <Words tone="faint">{text`  to ${output}`}</Words>;
}

function StageRow({ task }: TaskPanelProps): ReactNode {
  const { symbols } = useLook();
  const current = task.progress?.stage ?? 'prepare';
  const stages = stagesOf(task.started.kind, current);
  const reached = stages.indexOf(current);
  return (
    <Box paddingLeft={2} gap={3}>
      {stages.map((stage: Stage, index) => {
        const [symbol, tone]: [SafeText, Tone] =
          index < reached
            ? [symbols.done, 'good']
            : index === reached
              ? [symbols.running, 'active']
              : [symbols.waiting, 'faint'];
        return <Words key={stage} tone={tone}>{text`${symbol} ${stageName(stage)}`}</Words>;
      })}
    </Box>
  );
}

function ProgressRow({ task, columns }: TaskPanelProps): ReactNode {
  const fraction = fractionDone(task);
  // "counting" is the longest of what may stand behind the bar.
  const barColumns = Math.max(4, columns - 2 - 10);
  return (
    <Box paddingLeft={2}>
      <Bar fraction={fraction} columns={barColumns} />
      <Box width={10} justifyContent="flex-end">
        <Words>{percent(fraction)}</Words>
      </Box>
    </Box>
  );
}

/** What each of the stages that work at the same time could do alone. */
function RateRow({ rates }: { rates: readonly StageRate[] }): ReactNode {
  return (
    <Box paddingLeft={2} gap={3}>
      {rates.map(({ words, isSlowest }) => (
        <Box key={words} flexShrink={0}>
          <Words tone={isSlowest ? 'caution' : 'plain'}>{words}</Words>
        </Box>
      ))}
    </Box>
  );
}

function HelpRow({ line }: { line: SafeText }): ReactNode {
  return (
    <Box paddingLeft={2}>
      <Words tone="faint">{line}</Words>
    </Box>
  );
}
