import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { promisify } from 'node:util';
import type { GpuLoad, MachineLoad } from './machine.ts';

/** Looks at what a job takes of the machine. Asks as seldom as it is called; what the system does not tell is null. */
export interface LoadMeter {
  /** @param pid of the job's supervisor: its descendants count with it */
  sample(pid: number | null, usesGpu: boolean): Promise<MachineLoad>;
}

/** @param nowSeconds a clock that is never set back */
export function openLoadMeter(nowSeconds: () => number = () => performance.now() / 1000): LoadMeter {
  let before: { readonly pid: number; readonly at: number; readonly ticks: Map<number, number> } | null = null;
  let hasNvidia = true;

  async function sample(pid: number | null, usesGpu: boolean): Promise<MachineLoad> {
    const [tree, gpus] = await Promise.all([pid === null ? null : readTree(pid), usesGpu ? readGpus() : []]);
    return {
      cpuCores: pid === null || tree === null ? null : coresOf(pid, tree),
      cores: availableParallelism(),
      rssBytes: tree === null ? null : tree.reduce((sum, { rssPages }) => sum + rssPages, 0) * PAGE_BYTES,
      memoryBytes: totalmem(),
      gpus,
    };
  }

  /** Of processes that are in both samples, so that one that ended takes nothing off. */
  function coresOf(pid: number, tree: readonly ProcessStat[]): number | null {
    const at = nowSeconds();
    const last = before;
    before = { pid, at, ticks: new Map(tree.map((process) => [process.pid, process.ticks])) };
    if (last === null || last.pid !== pid || at - last.at < 0.2) return null;
    const ticks = tree.reduce(
      (sum, process) => sum + Math.max(0, process.ticks - (last.ticks.get(process.pid) ?? process.ticks)),
      0,
    );
    return ticks / TICKS_PER_SECOND / (at - last.at);
  }

  async function readGpus(): Promise<readonly GpuLoad[]> {
    if (hasNvidia) {
      const found = await readNvidia();
      if (found !== null) return found;
      hasNvidia = false;
    }
    return readSysfs();
  }

  return { sample };
}

/** What Linux reports to user space, whatever the kernel's own clock (USER_HZ). */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;
/** A fork bomb under a supervisor must not hold up the view. */
const MAX_PROCESSES = 200;

interface ProcessStat {
  readonly pid: number;
  readonly ticks: number;
  readonly rssPages: number;
}

/** The process and its descendants; null where there is no /proc, or the process is gone. */
async function readTree(root: number): Promise<readonly ProcessStat[] | null> {
  const found: ProcessStat[] = [];
  const waiting = [root];
  for (let pid = waiting.shift(); pid !== undefined && found.length < MAX_PROCESSES; pid = waiting.shift()) {
    const stat = await readStat(pid);
    if (stat === null) continue;
    found.push(stat);
    waiting.push(...(await readChildren(pid)));
  }
  return found.length === 0 ? null : found;
}

async function readStat(pid: number): Promise<ProcessStat | null> {
  const raw = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (raw === null) return null;
  // The name in parentheses may contain anything, so fields are counted from its end: 12 and 13 are the times, 21
  // pages.
  const fields = raw.slice(raw.lastIndexOf(')') + 2).split(' ');
  return { pid, ticks: Number(fields[11]) + Number(fields[12]), rssPages: Number(fields[21]) };
}

async function readChildren(pid: number): Promise<readonly number[]> {
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(
    tasks.slice(0, MAX_PROCESSES).map((task) => readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '')),
  );
  return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
}

const NVIDIA_QUERY = [
  '--query-gpu=name,utilization.gpu,memory.used,memory.total',
  '--format=csv,noheader,nounits',
] as const;

/** Null: there is no nvidia-smi, or it does not answer. */
async function readNvidia(): Promise<readonly GpuLoad[] | null> {
  const answer = await promisify(execFile)('nvidia-smi', NVIDIA_QUERY, { timeout: 3000 }).catch(() => null);
  return answer === null ? null : parseNvidia(answer.stdout);
}

/** Lines such as "NVIDIA GeForce RTX 3060, 97, 4012, 12288": percent and MiB; "[N/A]" where it does not know. */
export function parseNvidia(answer: string): readonly GpuLoad[] {
  return answer
    .split('\n')
    .filter((row) => row.trim() !== '')
    .map((row) => {
      const fields = row.split(',').map((field) => field.trim());
      const [load, used, total] = fields.slice(-3).map((field) => (/^\d+$/.test(field) ? Number(field) : null));
      return {
        name: fields.slice(0, -3).join(', '),
        load: load === undefined || load === null ? null : load / 100,
        memoryUsedBytes: used === undefined || used === null ? null : used * 2 ** 20,
        memoryTotalBytes: total === undefined || total === null ? null : total * 2 ** 20,
      };
    });
}

/** AMD's driver, and Intel's newer one, tell by files. */
async function readSysfs(root = '/sys/class/drm'): Promise<readonly GpuLoad[]> {
  const names = (await readdir(root).catch(() => [])).filter((name) => /^card\d+$/.test(name));
  const cards = await Promise.all(
    names.map(async (name) => {
      const read = (file: string) => readNumber(`${root}/${name}/device/${file}`);
      const [load, used, total] = await Promise.all([
        read('gpu_busy_percent'),
        read('mem_info_vram_used'),
        read('mem_info_vram_total'),
      ]);
      return { name, load: load === null ? null : load / 100, memoryUsedBytes: used, memoryTotalBytes: total };
    }),
  );
  return cards.filter((card) => card.load !== null || card.memoryUsedBytes !== null);
}

async function readNumber(file: string): Promise<number | null> {
  const raw = await readFile(file, 'utf8').catch(() => null);
  return raw !== null && /^\d+\s*$/.test(raw) ? Number(raw) : null;
}
