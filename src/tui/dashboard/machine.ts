import { barSpans } from '../bar.ts';
import { type Line, lineColumns, span } from '../line.ts';
import type { Look } from '../look.ts';
import { safeText, text } from '../safe-text.ts';
import { bytes } from '../wording.ts';

/** What a job takes of the machine at one moment; null: the system does not tell. */
export interface MachineLoad {
  /** Of its processes together, in cores: 1.87. */
  readonly cpuCores: number | null;
  readonly cores: number;
  readonly rssBytes: number | null;
  readonly memoryBytes: number;
  readonly gpus: readonly GpuLoad[];
}

export interface GpuLoad {
  readonly name: string;
  /** 0 to 1. */
  readonly load: number | null;
  readonly memoryUsedBytes: number | null;
  readonly memoryTotalBytes: number | null;
}

/** A row for the processor, and one for each of the first GPUs. */
export function drawMachine(load: MachineLoad, columns: number, look: Look): readonly Line[] {
  const rows: Line[] = [];
  const barColumns = columns >= 100 ? 20 : columns >= 72 ? 12 : 6;
  if (load.cpuCores !== null) {
    rows.push([
      span(text`cpu      `, 'faint'),
      ...barSpans(load.cpuCores / load.cores, barColumns, look),
      span(text`  ${tenths(load.cpuCores)} of ${load.cores} ${load.cores === 1 ? text`core` : text`cores`}`),
      ...(load.rssBytes === null
        ? []
        : [span(text`   memory `, 'faint'), span(text`${bytes(load.rssBytes)} of ${bytes(load.memoryBytes)}`)]),
    ]);
  }
  for (const gpu of load.gpus.slice(0, 2)) {
    const { memoryUsedBytes: used, memoryTotalBytes: total } = gpu;
    const row: Line = [
      span(text`gpu      `, 'faint'),
      ...barSpans(gpu.load, barColumns, look),
      span(gpu.load === null ? text`  load not told` : text`  ${Math.round(gpu.load * 100)} %`),
      ...(used === null
        ? []
        : [
            span(text`   memory `, 'faint'),
            span(total === null ? bytes(used) : text`${bytes(used)} of ${bytes(total)}`),
          ]),
    ];
    const room = columns - lineColumns(row) - 3;
    const name = room < 8 ? text`` : safeText(gpu.name, { charset: look.charset, maxColumns: room });
    rows.push([...row, span(text`   ${name}`, 'faint')]);
  }
  return rows;
}

function tenths(value: number) {
  return safeText(value.toFixed(1));
}
