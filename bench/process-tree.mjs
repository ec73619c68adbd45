// Peak resident memory of a command and all its children, sampled; pages that processes share count in each of them.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Runs a command to its end. Throws if it fails. */
export async function peakOfCommand(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'], ...options });
  const start = performance.now();
  const cpuBefore = childrenSeconds();
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, treeBytes(child.pid));
  }, 50);
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(timer);
  if (code !== 0) throw new Error(`${command} ended with ${code}.`);
  const cpuSeconds = childrenSeconds() - cpuBefore;
  return { peakBytes: peak, seconds: (performance.now() - start) / 1000, cpuSeconds };
}

/** Processor time of all children that have ended, and of theirs (proc(5): cutime and cstime, in 1/100 s). */
export function childrenSeconds() {
  const afterName = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(afterName[13]) + Number(afterName[14])) / 100;
}

function treeBytes(root) {
  return treeOf(root).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** A process and all below it: pid, name of its program, resident bytes. */
export function treeOf(root) {
  const processes = new Map();
  for (const name of readdirSync('/proc')) {
    if (/^\d+$/.test(name)) processes.set(Number(name), statusOf(name));
  }
  const inTree = (pid) => pid === root || (processes.get(pid)?.parent > 1 && inTree(processes.get(pid).parent));
  return [...processes].filter(([pid]) => inTree(pid)).map(([pid, { name, bytes }]) => ({ pid, name, bytes }));
}

function statusOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    const field = (name) => Number(text.match(new RegExp(`^${name}:\\s+(\\d+)`, 'm'))?.[1] ?? 0);
    const name = text.match(/^Name:\s+(.*)$/m)?.[1] ?? '';
    return { parent: field('PPid'), name, bytes: field('VmRSS') * 1024 };
  } catch {
    return { parent: 0, name: '', bytes: 0 };
  }
}
