// One way to run a network, in a process of its own that stays: orders go in by lines of JSON, one line comes back
// each.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** @param environment folder that bench/peers/setup.sh made */
export function startPeer(way, { environment, threads, logFile }) {
  const isUpreel = way.startsWith('upreel');
  const command = isUpreel ? process.execPath : join(environment, 'venv/bin/python');
  const program = join(HERE, isUpreel ? 'upreel-worker.mjs' : 'worker.py');
  const env = { ...process.env, ...threadsIn(threads) };
  // Set on some machines for old builds of OpenBLAS: they slow down new ones.
  delete env.OPENBLAS_CORETYPE;
  const child = spawn(command, [program, way], { stdio: ['pipe', 'pipe', logFile], env });
  const waiting = [];
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.(JSON.parse(line)));
  child.on('close', (code, signal) => {
    for (const resolve of waiting.splice(0)) resolve({ failure: `it ended with ${code ?? signal}` });
  });
  child.stdin.on('error', () => {});
  return {
    way,
    pid: child.pid,
    /** Resolves with the answer; `failure` in it says that the order was not carried out. */
    ask: (order) =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve({ failure: 'it is gone' });
        waiting.push(resolve);
        child.stdin.write(`${JSON.stringify(order)}\n`);
      }),
    end: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve();
        child.on('close', resolve);
        child.stdin.end();
      }),
  };
}

function threadsIn(threads) {
  return { OMP_NUM_THREADS: `${threads}`, MKL_NUM_THREADS: `${threads}`, OPENBLAS_NUM_THREADS: `${threads}` };
}
